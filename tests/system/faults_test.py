#!/usr/bin/env python3
"""What once harmed the users of this and of other proxies, each played with its smallest input."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import time
import unittest

from support.backend import echo
from support.case import DaemonCase, simple
from support.places import BINARY, certificate, fresh
from support.raw_records import APPLICATION_DATA, RawRecords
from support.tcp import FIN, RST, pattern
from support.tls_client import TLS12, TLS13
from support.waiting import LIMIT, Background, eventually

MIB = 1024 * 1024
DATA = pattern(16_384)
SOON_QUIET = {"quiet": "300ms"}
LOOPBACK_UP = "ip link set lo up"
# One source port for all, which a connection to that port gets as well.
ONE_PORT = ("unshare", "--net", "sh", "-c", f"{LOOPBACK_UP} && echo 40000 40000 > "
            "/proc/sys/net/ipv4/ip_local_port_range && exec \"$@\"", "sh")
NEEDS_NAMESPACES = unittest.skipIf(
    subprocess.run(["unshare", "--net", "--mount", *LOOPBACK_UP.split()], check=False,
                   stderr=subprocess.DEVNULL).returncode != 0, "may have no network of its own")


class FaultsCase(DaemonCase):
    def session(self, daemon, version=TLS13):
        return self.client(daemon.address("web"), version=version).handshake(), self.accepted()

    def raw(self, daemon):
        records = RawRecords(daemon.address("web"), TLS13)
        self.addCleanup(records.client.close)
        return records, self.accepted()

    def accepted(self):
        peer = self.app.accept()
        self.addCleanup(peer.close)
        return peer

    def begin(self, **options):
        self.app, self.control = self.backend(), str(fresh("control.sock"))
        return self.start(simple(self.app, control={"path": self.control}, **options))

    def kill_all(self):
        subprocess.run([BINARY, "ctl", "--socket", self.control, "sessions", "kill", "--listener",
                        "web"], check=True, capture_output=True, timeout=LIMIT)


class OneSlowRecord(FaultsCase):
    """Somebody who uploads inside a record of 16 KiB is not silent, although no plaintext comes."""

    def trickle(self, end=None, size=12_000, **options):
        """Sends `size` bytes of it, with `end` in their midst; returns the longest pause."""
        self.daemon = self.begin(**options)
        pauses, last = [], time.monotonic()
        self.sides = client, _ = self.session(self.daemon)
        record = client.encrypt(DATA)
        for start in range(0, min(size, len(record)), 300):
            if start == 4800 and end:
                end()
            is_there = client.send_raw(record[start:start + 300])
            pauses.append(time.monotonic() - last)
            if not is_there:
                break
            last = time.monotonic()
            time.sleep(0.1)
        return max(pauses)

    def is_cut(self, cause):
        client, peer = self.sides
        seen = client.read_until_end()
        self.assertEqual((seen.close_notify, seen.end), (False, RST), str(seen))
        self.assertEqual(str(peer.recv_until_end()), RST)
        line = self.daemon.session("web")
        self.assertEqual((line["cause"], line["outcome"]), (cause, "cut"))
        self.assertGreater(line["undecrypted_bytes"], 0)

    def test_a_drain_resets_it(self):
        self.trickle(lambda: self.daemon.signal(signal.SIGTERM), shutdown=SOON_QUIET,
                     drain={"timeout": "1s", "spread": "0s"})
        self.is_cut("drain")
        self.assertEqual(self.daemon.wait(), 1)

    def test_its_lifetime_resets_it(self):
        self.trickle(shutdown=SOON_QUIET, timeouts={"lifetime": "4s"})
        self.is_cut("lifetime")

    def test_an_order_resets_it(self):
        self.trickle(self.kill_all, shutdown=SOON_QUIET)
        self.is_cut("killed")

    def test_the_idle_time_does_not_pass(self):
        if self.trickle(size=MIB, timeouts={"idle": "1s"}) > 0.7:
            self.skipTest("the machine stood still, and that was silence")
        client, peer = self.sides
        client.goodbye()
        seen = peer.recv_until_end()
        self.assertEqual((bytes(seen.data) == DATA, seen.end), (True, FIN), str(seen))


class AfterTlsHasFailed(FaultsCase):
    def test_too_many_key_updates_are_told_by_more_than_a_fin(self):
        daemon = self.begin()
        client, _ = self.raw(daemon)
        for _ in range(50):
            client.send(client.key_update())
        seen = client.read_until_end()
        self.assertTrue(not seen.close_notify and (seen.alert or seen.end == RST), str(seen))
        self.assertEqual(daemon.session("web")["cause"], "tls_error")

    def test_a_byte_now_and_then_pays_for_no_key_updates(self):
        daemon = self.begin()
        client, peer = self.raw(daemon)
        for _ in range(5):
            client.send(*(client.key_update() for _ in range(31)),
                        client.record(APPLICATION_DATA, b"x"))
        self.assertEqual(peer.recv_until_end().end, RST)
        line = daemon.session("web")
        self.assertEqual((line["cause"], line["to_backend_bytes"]), ("tls_error", 1))

    def test_no_more_is_read_than_linger_bytes(self):
        daemon = self.begin(shutdown={"linger_bytes": "64KiB", "linger": "10s"})
        for version in (TLS12, TLS13):
            client, peer = self.session(daemon, version)
            client.send_raw(client.encrypt(b"once")[:-1] + b"?")
            # What the kernels take by themselves is some megabytes.
            self.assertFalse(all(client.send_raw(bytes(MIB)) for _ in range(64)), version)
            self.assertEqual(peer.recv_until_end().end, RST)
        for line in daemon.session("web", count=2):
            self.assertEqual(line["cause"], "tls_error")
            self.assertIn(line["undecrypted_bytes"], range(26, 128 * 1024))


class NobodyListens(FaultsCase):
    def test_what_came_with_the_finished_is_accounted_for(self):
        daemon = self.start(simple(self.backend(listening=False), timeouts={"connect": "300ms"}))
        client = self.client(daemon.address("web")).handshake(hold_last_flight=True)
        client.send_raw(client.encrypt(bytes(5000)))
        self.assertEqual(client.read_until_end().end, RST)
        line = daemon.session("web")
        self.assertEqual((line["cause"], line["outcome"]), ("no_backend", "none"))
        self.assertGreater(line["undecrypted_bytes"], 5000)

    @NEEDS_NAMESPACES
    def test_no_client_gets_its_own_bytes_back_from_a_port_that_connects_to_itself(self):
        line = self.line_of_one_with("127.0.0.1:40000", {"address": "off"})
        self.assertEqual(line["cause"], "no_backend")

    @NEEDS_NAMESPACES
    def test_a_machine_without_a_free_port_is_no_failure_of_the_server(self):
        # The only port is held by the metrics' own socket.
        line = self.line_of_one_with("127.0.0.1:9", {"address": "0.0.0.0:40000"})
        self.assertEqual((line["cause"], line["detail"]),
                         ("limit", "Cannot assign requested address"))

    def line_of_one_with(self, server, metrics):
        path = str(fresh("web.sock"))  # which is reached from other networks
        daemon = self.start(simple(server, addresses=[f"unix:{path}"], metrics=metrics,
                                   timeouts={"connect": "1s"}), launcher=ONE_PORT)
        client = self.client(path).handshake()
        client.send(b"ping")
        seen = client.read_until_end()
        self.assertEqual((seen.close_notify, bytes(seen.data)), (False, b""), str(seen))
        return daemon.session("web")


class EarlyData(FaultsCase):
    def test_with_a_ticket_of_another_server_they_are_skipped(self):
        daemon = self.start(simple(self.backend().serve(echo)))
        ticket, early = fresh("ticket.pem"), fresh("early")
        early.write_bytes(b"early" * 1000)
        other = self.openssl("s_server", "-accept", "127.0.0.1:0", "-early_data", "-no_anti_replay",
                             "-no_dhe", "-cert", certificate()[0], "-key", certificate()[1])
        address = self.read(other, b"\n").split()[1].decode()  # ACCEPT 127.0.0.1:12345
        again = ("-sess_in", ticket, "-early_data", early)
        self.ask(address, "-sess_out", ticket, until=b"Max Early Data: 16384")
        self.ask(address, *again, until=b"Early data was accepted")
        said = self.ask("{}:{}".format(*daemon.address("web")), *again, until=b"hello")
        self.assertIn(b"Early data was rejected", said)
        self.assertEqual(daemon.session("web")["to_backend_bytes"], len(b"hello\n"))

    def openssl(self, *arguments):
        pipe = subprocess.PIPE
        ran = subprocess.Popen(["stdbuf", "-o0", "openssl", *map(str, arguments)], stdin=pipe,
                               stdout=pipe, stderr=subprocess.DEVNULL)
        self.addCleanup(ran.communicate)
        self.addCleanup(ran.kill)
        return ran

    def read(self, ran, until):
        """What it prints, as far as `until`."""
        def read():
            said = b""
            while until not in said:
                said += os.read(ran.stdout.fileno(), 4096) or self.fail(said)
            return said
        return Background(read).result()

    def ask(self, where, *options, until):
        client = self.openssl("s_client", "-connect", where, "-tls1_3", *options)
        client.stdin.write(b"hello\n")
        client.stdin.flush()
        said = self.read(client, until)
        client.communicate(timeout=LIMIT)  # the end of its input is its goodbye
        return said


class WhatIsGone(FaultsCase):
    def test_no_series_tells_of_a_listener_and_a_server_that_are_not_configured_any_more(self):
        daemon = self.start(simple(self.backend().serve(echo), name="deploy-0"))
        for number in range(1, 4):
            self.client(daemon.address(f"deploy-{number - 1}")).handshake().goodbye()
            app = self.backend().serve(echo)
            daemon.write(simple(app, name=f"deploy-{number}"))
            daemon.signal(signal.SIGHUP)
            daemon.wait_for_metric("ferrule_reloads_total", number, result="ok")

        def is_one():
            labels = [dict(labels) for _, labels in daemon.scrape()]
            return all({each[key] for each in labels if key in each} == {only}
                       for key, only in (("listener", "deploy-3"), ("server", app.text)))
        eventually(is_one, "only what is configured to have series")


class WhoSpeaksNoTls(FaultsCase):
    def test_the_line_says_what_it_is(self):
        daemon = self.start(simple(self.backend()))
        for number, (first, name) in enumerate((
                (b"PROXY TCP4 127.0.0.1 127.0.0.1 5 6\r\n", "a PROXY protocol header"),
                (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12), "a PROXY protocol header"),
                (b"SSH-2.0-OpenSSH_9.2\r\n", "the client speaks SSH"),
                (b"\0\0\0\x08\x04\xd2\x16\x2f", "a PostgreSQL SSLRequest"),
                (b"\0\0\0\x10\0\x03\0\0user\0me\0", "the client speaks plain PostgreSQL")), 1):
            with socket.create_connection(daemon.address("web"), timeout=LIMIT) as sock:
                sock.sendall(first)
                daemon.session("web", count=number)
            self.assertIn(f"no TLS: {name}", daemon.sessions_of("web")[-1]["detail"])


class Metrics(FaultsCase):
    def connect(self, daemon):
        host, _, port = daemon.metrics_address().rpartition(":")
        sock = socket.create_connection((host, int(port)), timeout=LIMIT)
        self.addCleanup(sock.close)
        return sock

    def ask(self, daemon, path, host):
        sock = self.connect(daemon)
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        return int(sock.recv(4096).split()[1])

    def test_a_name_of_somebody_else_gets_the_probes_only(self):
        daemon = self.start(simple(self.backend(), metrics={"hosts": ["own.example"]}))
        for path in ("/", "/metrics", "/status.json"):
            self.assertEqual(self.ask(daemon, path, "rebound.example:9464"), 421)
            self.assertEqual(self.ask(daemon, path, "own.example:9464"), 200)
        for path in ("/healthz", "/readyz"):
            self.assertEqual(self.ask(daemon, path, "rebound.example"), 200)

    def test_a_probe_finds_a_place_although_others_hold_all_of_theirs(self):
        daemon = self.start(simple(self.backend()))
        for _ in range(100):
            with contextlib.suppress(ConnectionError):  # those without a place
                self.connect(daemon).sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for path in ("/healthz", "/readyz") * 5:
            self.assertEqual(daemon.get(path)[0], 200)


class InTheHandshake(FaultsCase):
    def test_one_that_is_killed_there_has_not_failed(self):
        daemon = self.begin()
        client = self.client(daemon.address("web"))
        client.send_raw(client.client_hello()[:50])
        daemon.wait_for_metric("ferrule_sessions_open", 1)
        self.kill_all()
        self.assertEqual(daemon.session("web")["cause"], "killed")
        daemon.wait_for_metric("ferrule_handshakes_total", 1, result="ended")
        self.assertFalse(daemon.scrape().sum("ferrule_handshakes_total", result="failed"))


class Processors(FaultsCase):
    @NEEDS_NAMESPACES
    def test_half_a_processor_is_one_worker(self):
        quota = ("unshare", "--mount", "sh", "-c", "mount -t tmpfs none /sys/fs/cgroup && "
                 "echo 50000 100000 > /sys/fs/cgroup/cpu.max && exec \"$@\"", "sh")
        daemon = self.start(simple(self.backend(), workers="auto"), launcher=quota)
        tasks = pathlib.Path(f"/proc/{daemon.process.pid}/task")
        names = [each.read_text(encoding="ascii") for each in tasks.glob("*/comm")]
        self.assertEqual(sum(name.startswith("worker") for name in names), 1, names)


if __name__ == "__main__":
    unittest.main()
