#!/usr/bin/env python3
"""`ferrule probe` against Ferrule itself, against servers that end badly in every way, and against
servers that are not ours."""

import json
import shutil
import socket
import ssl
import subprocess
import threading
import unittest

from support.case import DaemonCase, simple
from support.places import BINARY, certificate
from support.ports import free_port
from support.programs import Nginx
from support.tcp import FIN, RST, pattern
from support.tls_client import TLS12
from support.tls_server import TlsServer
from support.waiting import LIMIT, eventually

REQUEST = b"GET / HTTP/1.0\r\n\r\n"
SEND = r"GET / HTTP/1.0\r\n\r\n"
ANSWER = pattern(64 * 1024)
POINTS = ["goodbye", "answer", "half_close", "cut", "last_bytes"]


def probe(address, *arguments, timeout="2"):
    where = address if isinstance(address, str) else "{}:{}".format(*address)
    return subprocess.run([BINARY, "probe", where, "--timeout", timeout, *arguments],
                          capture_output=True, text=True, timeout=6 * LIMIT,
                          stdin=subprocess.DEVNULL)


def answering(peer):
    """A backend that answers a whole request, ends first, and reads on to the other side's end."""
    got = b""
    while not got.endswith(b"\r\n\r\n"):
        more = peer.receive()
        if more in (FIN, RST):
            break
        got += more
    else:
        peer.send(ANSWER)
    peer.fin()
    while peer.receive() not in (FIN, RST):
        pass


class ProbeCase(DaemonCase):
    def findings(self, address, *arguments, **options):
        """question → what was found of all versions that were asked; and the exit code."""
        ran = probe(address, "--json", "--send", SEND, *arguments, **options)
        self.assertEqual(ran.stderr, "")
        self.told = json.loads(ran.stdout)
        found = {}
        for one in self.told["connections"]:
            found.setdefault(one["question"], set()).add(one["finding"])
        self.assertEqual(sorted(found), sorted(POINTS))
        self.assertEqual(ran.returncode, 0 if self.told["verdict"] == "truthful" else 1)
        return {point: "/".join(sorted(each)) for point, each in found.items()}

    def assert_no(self, found, *points):
        """These points are bad for both versions, and no others for any."""
        self.assertEqual([point for point in POINTS if "no" in found[point]], list(points),
                         self.told)
        for point in points:
            self.assertEqual(found[point], "no", self.told)


class Ferrule(ProbeCase):
    def ferrule(self, handler=answering, **shutdown):
        backend = handler if isinstance(handler, str) else self.backend().serve(handler)
        daemon = self.start(simple(backend, shutdown={"timeout": "200ms", "linger": "200ms",
                                                      **shutdown}))
        return daemon.address("web")

    def test_ends_truthfully_by_default(self):
        found = self.findings(self.ferrule())
        self.assertEqual(found, dict.fromkeys(POINTS, "yes"), self.told)
        self.assertEqual({one["tls"] for one in self.told["connections"]}, {"TLSv1.2", "TLSv1.3"})
        self.assertEqual(len(self.told["connections"]), 10)
        self.assertEqual(self.told["expected_bytes"], len(ANSWER))
        for one in self.told["connections"]:
            if one["question"] == "goodbye":  # it waits, and not for ever
                self.assertIsNotNone(one["gone_seconds"], one)
                self.assertGreaterEqual(one["fin_seconds"], one["close_notify_seconds"])
            if one["question"] == "cut":
                self.assertIsNotNone(one["reset_seconds"], one)

    def test_says_goodbye_with_notify(self):
        self.assert_no(self.findings(self.ferrule(mode="notify")))

    def test_resets_with_abort(self):
        self.assert_no(self.findings(self.ferrule(mode="abort")), "goodbye", "answer",
                       "half_close", "last_bytes")

    def test_takes_a_cut_for_an_end_when_told_to(self):
        self.assert_no(self.findings(self.ferrule(on_client_truncation="fin")), "cut")

    def test_loses_the_reply_when_half_close_is_not_carried(self):
        def slow(peer):  # an answer that is there before the goodbye is no reply to lose
            peer.recv_exactly(len(REQUEST))
            peer.has_input(0.2)
            peer.send(ANSWER)
            peer.fin()
            peer.receive()
        self.assert_no(self.findings(self.ferrule(slow, half_close="close")), "answer",
                       "half_close")

    def test_shows_that_the_backend_reset(self):
        def reset(peer):
            peer.recv_exactly(len(REQUEST))
            peer.send(b"half")
            peer.settle()
            peer.rst()
        for policy, seen in (("reset", "reset_seconds"), ("truncate", "fin_seconds")):
            with self.subTest(policy=policy):
                self.findings(self.ferrule(reset, on_backend_reset=policy))
                for one in self.told["connections"]:
                    if one["question"] == "goodbye":
                        self.assertEqual((one["finding"], one["bytes"]), ("no", 4), one)
                        self.assertIsNone(one["close_notify_seconds"], one)
                        self.assertIsNotNone(one[seen], one)

    def test_the_text_names_each_question_and_the_verdict(self):
        address = self.ferrule(on_client_truncation="fin")
        ran = probe(address, "--send", SEND)
        self.assertEqual((ran.returncode, ran.stderr), (1, ""))
        self.assertIn("It does not end truthfully: cut (TLSv1.2, TLSv1.3).\n", ran.stdout)
        for words in ("TLSv1.2 ECDHE-", "TLSv1.3 TLS_", "carries half-close        yes"):
            self.assertIn(words, ran.stdout)
        ran = probe(address, "--tls", "1.3", "--connections", "2", "--send", SEND)
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        self.assertIn("2 connections", ran.stdout)
        self.assertNotIn("TLSv1.2", ran.stdout)

    @unittest.skipUnless(shutil.which("nginx", path="/usr/sbin:/usr/bin"), "no nginx")
    def test_real_nginx_behind_it(self):
        nginx = Nginx()
        self.addCleanup(nginx.close)
        (nginx.www / "page").write_bytes(ANSWER)
        address = self.ferrule(nginx.text)
        ran = probe(address, "--json", "--tls", "1.3", "--sni", "localhost", "--alpn", "http/1.1",
                    "--send", r"GET /close/page HTTP/1.0\r\nHost: \x6cocalhost\r\n\r\n")
        told = json.loads(ran.stdout)
        self.assertEqual((ran.returncode, told["verdict"]), (0, "truthful"), told)
        self.assertGreater(told["expected_bytes"], len(ANSWER))


class BadServers(ProbeCase):
    def server(self, end, version=None):
        """Answers a request, then `end(tls, peer)`; a client that leaves earlier is closed on."""
        def script(tls, peer):
            tls.settimeout(LIMIT)
            if tls.recv(len(REQUEST)) == REQUEST:
                end(tls, peer)
        server = TlsServer(script, version)
        self.addCleanup(server.close)
        return server.address

    def test_fin_without_close_notify(self):
        def end(tls, peer):
            tls.sendall(ANSWER)
            tls.shutdown(socket.SHUT_WR)
            while tls.recv(4096):  # what is left unread would make its kernel reset
                pass
        found = self.findings(self.server(end))
        self.assert_no(found, "goodbye", "answer", "half_close")
        self.assertEqual({one["bytes"] for one in self.told["connections"]}, {0, len(ANSWER)})

    def test_rst_after_half_an_answer(self):
        def end(tls, peer):
            tls.sendall(ANSWER[:1000])
            peer.settle()
            peer.rst()
        found = self.findings(self.server(end))
        self.assertEqual(found["goodbye"], "no")
        for one in self.told["connections"]:
            if one["question"] == "goodbye":
                self.assertEqual(one["bytes"], 1000)
                self.assertIsNotNone(one["reset_seconds"])

    def test_bytes_in_front_of_an_rst_are_counted(self):
        def end(tls, peer):
            tls.sendall(ANSWER[:10])
            peer.has_input(0.5)  # `last_bytes` sends a little now, and does not read for a while
            tls.sendall(ANSWER[10:1000])
            peer.settle()
            peer.rst()
        self.findings(self.server(end), "--tls", "1.3")
        last = self.told["connections"][-1]
        self.assertEqual((last["question"], last["bytes"]), ("last_bytes", 1000), last)
        self.assertIn("its RST destroyed its goodbye", last["said"])

    def test_rst_that_destroys_the_end_of_the_answer(self):
        def end(tls, peer):
            tls.sendall(ANSWER)
            tls.setblocking(False)
            try:
                tls.unwrap()  # its own close_notify; it does not wait for the other one
            except ssl.SSLError:
                pass
            tls.close()
        found = self.findings(self.server(end), "--tls", "1.3")
        self.assertEqual(found["goodbye"], "yes", self.told)
        self.assertEqual(found["last_bytes"], "no", self.told)
        self.assertIn("destroyed", self.told["connections"][-1]["said"])

    def test_never_ends(self):
        done = threading.Event()
        self.addCleanup(done.set)
        server = TlsServer(lambda tls, peer: done.wait(LIMIT))
        self.addCleanup(server.close)
        ran = probe(server.address, "--json", "--tls", "1.3", timeout="0.3")
        told = json.loads(ran.stdout)
        self.assertEqual((ran.returncode, told["verdict"]), (1, "unknown"), told)
        self.assertEqual([one["finding"] for one in told["connections"]], ["unclear"] * 3)

    def test_sends_without_end(self):
        def end(tls, peer):
            while True:
                tls.sendall(ANSWER)
        ran = probe(self.server(end), "--json", "--tls", "1.3", "--connections", "1", "--send",
                    SEND, timeout="0.2")
        told = json.loads(ran.stdout)
        self.assertEqual((ran.returncode, told["verdict"]), (1, "unknown"), told)
        self.assertTrue(told["connections"][0]["cut_short"])

    def test_bytes_that_are_not_tls(self):
        def end(tls, peer):
            raw = socket.socket(fileno=tls.detach())
            raw.sendall(b"\x15\x03\x03\x00\x02\x02\x50" + b"plain text")
            raw.shutdown(socket.SHUT_WR)
            raw.recv(1)
            raw.close()
        ran = probe(self.server(end), "--json", "--connections", "1", "--send", SEND)
        told = json.loads(ran.stdout)
        self.assertEqual((ran.returncode, told["verdict"]), (1, "untruthful"), told)
        self.assertIsNotNone(told["connections"][0]["failed_seconds"])

    def test_a_version_that_is_not_spoken_is_asked_for_once(self):
        def end(tls, peer):
            tls.sendall(ANSWER)
            tls.shutdown(socket.SHUT_WR)
        address = self.server(end, TLS12)
        self.findings(address)
        refused = [one for one in self.told["connections"] if one["tls"] == "TLSv1.3"]
        self.assertEqual([one["handshake"] for one in refused], [False])
        self.assertIn("alert", refused[0]["trouble"])
        ran = probe(address, "--tls", "1.3")
        self.assertEqual((ran.returncode, ran.stdout), (1, ""))
        self.assertIn("alert protocol version", ran.stderr)


class Unreachable(ProbeCase):
    def says(self, address, *words, timeout="2", **options):
        for form in ([], ["--json"]):
            ran = probe(address, *form, timeout=timeout)
            self.assertEqual(ran.returncode, 1, ran.stdout)
            for word in words:
                self.assertIn(word, ran.stderr)
            self.assertEqual(ran.stderr.count("\n"), 1)
            if form:
                self.assertIn(json.loads(ran.stdout)["error"], ran.stderr)

    def plain(self, handler):
        backend = self.backend().serve(handler)
        return backend.address

    def test_refused(self):
        backend = self.backend(listening=False)
        self.says(backend.address, "cannot connect: Connection refused", backend.text)

    def test_plain_http(self):
        def handler(peer):
            peer.receive()
            peer.send(b"HTTP/1.1 400 Bad\x1b[2J Request\r\n\r\n")
            peer.fin()
            peer.receive()
        self.says(self.plain(handler), "began with 'HTTP/1.1 400 Bad.[2J Request'")

    def test_closes_before_the_handshake(self):
        self.says(self.plain(lambda peer: peer.receive()), "before the handshake was done")

    def test_says_nothing(self):
        done = threading.Event()
        self.addCleanup(done.set)
        self.says(self.plain(lambda peer: done.wait(LIMIT)), "says nothing for 200ms",
                  timeout="0.2")

    def test_no_such_host(self):
        self.says("host.invalid:443", "cannot look up host.invalid")


class Usage(unittest.TestCase):
    def test_wrong_usage_is_2_and_says_why(self):
        for arguments, word in ((["localhost"], "port"), (["::1:443"], "brackets"),
                                (["a:443", "--send", r"a\q"], "backslash"),
                                (["a:443", "--alpn", "h2,"], "ALPN"), (["a:443", "--tls", "1.1"], ""),
                                (["a:443", "--connections", "0"], ""), ([], "")):
            with self.subTest(arguments=arguments):
                ran = subprocess.run([BINARY, "probe", *arguments], capture_output=True, text=True,
                                     timeout=LIMIT, stdin=subprocess.DEVNULL)
                self.assertEqual((ran.returncode, ran.stdout), (2, ""))
                self.assertTrue(ran.stderr.strip())
                self.assertIn(word, ran.stderr)


class OpenSsl(ProbeCase):
    def test_s_server(self):
        """OpenSSL's own server, which sends its page and a close_notify."""
        port = free_port()
        process = subprocess.Popen(
            ["openssl", "s_server", "-quiet", "-www", "-accept", f"127.0.0.1:{port}",
             "-cert", certificate()[0], "-key", certificate()[1]],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait, LIMIT)
        self.addCleanup(process.kill)

        def listens():
            with socket.socket() as sock:
                return sock.connect_ex(("127.0.0.1", port)) == 0
        eventually(listens, "openssl s_server to listen")
        ran = probe(f"127.0.0.1:{port}", "--json", "--tls", "1.3", "--connections", "2", "--send",
                    SEND)
        told = json.loads(ran.stdout)
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        self.assertEqual([one["finding"] for one in told["connections"]], ["yes", "yes"], told)
        self.assertGreater(told["expected_bytes"], 1000)


if __name__ == "__main__":
    unittest.main(verbosity=2)
