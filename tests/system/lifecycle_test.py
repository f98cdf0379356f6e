#!/usr/bin/env python3
"""The end of the process: signals, the drain, and what sessions and operators see of it."""

import signal
import socket
import time
import unittest

from support.backend import echo
from support.case import DaemonCase, simple
from support.tcp import FIN, RST, pattern
from support.tls_client import TLS12, TLS13
from support.waiting import LIMIT, Background, eventually

MIB = 1024 * 1024
DATA = pattern(MIB)


def is_refused(address):
    try:
        socket.create_connection(address, timeout=LIMIT).close()
        return False
    except (ConnectionRefusedError, ConnectionResetError):
        return True


class Drain(DaemonCase):
    def begin(self, backend=None, **options):
        """A daemon in front of a scripted backend."""
        self.app = backend or self.backend()
        return self.start(simple(self.app, **options))

    def session(self, daemon, **options):
        client = self.client(daemon.address("web"), **options).handshake()
        peer = self.app.accept()
        self.addCleanup(peer.close)
        return client, peer

    def ended(self, daemon):
        """The ended sessions, without those of `is_refused`."""
        return [line for line in daemon.sessions_of("web") if line["cause"] != "probe"]

    def test_a_transfer_completes_and_the_listener_closes_at_once(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            for version in (TLS12, TLS13):
                with self.subTest(signal=number, version=version):
                    daemon = self.begin(drain={"timeout": "60s", "spread": "1s"})
                    client, peer = self.session(daemon, version=version)
                    reading = Background(client.read_until_end)
                    peer.send(DATA)
                    daemon.signal(number)
                    eventually(lambda: is_refused(daemon.address("web")), "the listener to close")
                    self.assertEqual(daemon.get("/readyz")[0], 503)
                    self.assertEqual(daemon.get("/healthz")[0], 200)
                    self.assertEqual(daemon.scrape().sum("ferrule_draining"), 1)
                    peer.send(DATA)
                    peer.fin()
                    seen = reading.result()
                    client.goodbye()
                    self.assertEqual((bytes(seen.data) == DATA + DATA, seen.close_notify, seen.end),
                                     (True, True, FIN), str(seen))
                    self.assertEqual(daemon.wait(), 0)
                    line = self.ended(daemon)[0]
                    self.assertEqual((line["cause"], line["outcome"]), ("backend_eof", "clean"))

    def test_with_no_session_it_is_gone_at_once(self):
        daemon = self.begin(drain={"timeout": "10m"})
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.wait(), 0)

    def test_the_server_of_an_idle_session_is_asked_and_its_end_is_the_clients(self):
        daemon = self.begin(drain={"timeout": "60s", "spread": "1s"}, shutdown={"quiet": "300ms"})
        client, peer = self.session(daemon)
        client.send(b"ping")
        peer.recv_exactly(4)
        peer.send(b"pong")
        self.assertEqual(client.read_exactly(4), b"pong")
        daemon.signal(signal.SIGTERM)
        self.assertEqual(peer.recv_until_end().end, FIN)
        peer.close()
        seen = client.read_until_end()
        client.goodbye()
        self.assertEqual((seen.close_notify, seen.end), (True, FIN), str(seen))
        self.assertEqual(daemon.wait(), 0, "long before the end of drain.timeout")
        line = self.ended(daemon)[0]
        self.assertEqual((line["cause"], line["first_end"], line["outcome"]),
                         ("drain", "proxy", "clean"))

    def test_a_pause_is_no_end(self):
        daemon = self.begin(drain={"timeout": "3s", "spread": "0s"}, shutdown={"quiet": "5s"})
        paused, paused_peer = self.session(daemon)  # half a page, and then the server thinks
        paused_peer.send(DATA)
        self.assertEqual(paused.read_exactly(len(DATA)), DATA)
        owed, owed_peer = self.session(daemon)  # a request, and no answer yet
        owed.send(b"ping")
        self.assertEqual(owed_peer.recv_exactly(4), b"ping")
        daemon.signal(signal.SIGTERM)
        for client, peer in ((paused, paused_peer), (owed, owed_peer)):
            seen = client.read_until_end()
            self.assertEqual((seen.close_notify, seen.end), (False, RST), str(seen))
            self.assertEqual(peer.recv_until_end().end, RST)
        self.assertEqual(daemon.wait(), 1)

    def test_what_the_drain_time_cuts_is_reset_and_the_exit_code_says_so(self):
        daemon = self.begin(drain={"timeout": "2s", "spread": "0s"})
        busy, busy_peer = self.session(daemon)
        stalled, stalled_peer = self.session(daemon, receive_buffer=8192)
        filling = Background(stalled_peer.send, DATA * 64)

        def talk():
            while busy_peer.send(b"x" * 1000):
                time.sleep(0.02)
        talking = Background(talk)
        reading = Background(busy.read_until_end)
        eventually(lambda: daemon.scrape().sum("ferrule_bytes_total", direction="to_client") > MIB,
                   "bytes to move")
        daemon.signal(signal.SIGTERM)
        seen = reading.result()
        self.assertEqual((seen.close_notify, seen.end), (False, RST), str(seen))
        talking.result()
        self.assertFalse(filling.result())
        self.assertEqual(daemon.wait(), 1)
        for seen in (stalled.read_until_end(), busy_peer.recv_until_end(),
                     stalled_peer.recv_until_end()):
            self.assertEqual(seen.end, RST, str(seen))
        lines = self.ended(daemon)
        self.assertEqual([line["cause"] for line in lines], ["drain", "drain"])
        self.assertIn("lost", {line["outcome"] for line in lines})

    def test_a_session_that_is_cut_makes_exit_code_1_even_if_no_byte_was_lost(self):
        daemon = self.begin(drain={"timeout": "2s", "spread": "0s"})
        client, peer = self.session(daemon)

        def talk():
            while peer.send(b"x"):
                time.sleep(0.05)
        talking = Background(talk)
        daemon.signal(signal.SIGTERM)
        self.assertEqual(client.read_until_end().end, RST)
        talking.result()
        self.assertEqual(daemon.wait(), 1)
        line = self.ended(daemon)[0]
        self.assertEqual((line["cause"], line["client_act"]), ("drain", "reset"))

    def test_what_a_client_does_by_itself_in_the_drain_leaves_exit_code_0(self):
        daemon = self.begin(shutdown={"timeout": "500ms"}, drain={"timeout": "60s"})
        (rude, rude_peer), (silent, silent_peer) = self.session(daemon), self.session(daemon)
        daemon.signal(signal.SIGTERM)
        eventually(lambda: is_refused(daemon.address("web")), "the listener to close")
        rude.fin()
        self.assertEqual(rude_peer.recv_until_end().end, RST)
        silent_peer.fin()
        self.assertTrue(silent.read_until_end().close_notify)
        self.assertEqual(daemon.wait(), 0)
        self.assertCountEqual([(line["cause"], line["outcome"]) for line in self.ended(daemon)],
                              [("client_truncated", "cut"), ("backend_eof", "cut")])

    def test_a_session_that_lost_bytes_in_the_drain_makes_exit_code_1(self):
        daemon = self.begin(shutdown={"stall_timeout": "500ms"}, drain={"timeout": "60s"})
        client, peer = self.session(daemon, receive_buffer=4096)
        daemon.signal(signal.SIGTERM)
        eventually(lambda: is_refused(daemon.address("web")), "the listener to close")
        peer.send(DATA[:200_000])
        peer.fin()
        self.assertEqual(daemon.wait(), 1)
        self.assertEqual([line["outcome"] for line in self.ended(daemon)], ["lost"])
        self.assertEqual(client.read_until_end().end, RST)

    def test_a_second_signal_ends_at_once(self):
        daemon = self.begin(drain={"timeout": "10m", "spread": "0s"})
        client, peer = self.session(daemon)
        peer.send(b"half an answer")
        client.read_exactly(14)
        daemon.signal(signal.SIGTERM)
        eventually(lambda: is_refused(daemon.address("web")), "the listener to close")
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.wait(), 1)
        seen = client.read_until_end()
        self.assertEqual(seen.close_notify, False, str(seen))
        self.assertEqual((seen.end, peer.recv_until_end().end), (RST, RST))

    def test_a_second_signal_ends_at_once_what_moves_bulk(self):
        daemon = self.begin(drain={"timeout": "10m", "spread": "0s"})
        pairs = [self.session(daemon) for _ in range(6)]

        def pour(peer):
            while peer.send(DATA):
                pass

        def drink(client):
            while client.receive() not in (FIN, RST):
                pass
        for client, peer in pairs:
            Background(drink, client)
            Background(pour, peer)
        eventually(lambda: daemon.scrape().sum("ferrule_bytes_total", direction="to_client") > MIB,
                   "bytes to move")
        daemon.signal(signal.SIGTERM)
        eventually(lambda: is_refused(daemon.address("web")), "the listener to close")
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.wait(), 1)
        # Who asks whether the listener is closed may be accepted before.
        self.assertEqual([line["cause"] for line in self.ended(daemon) if line["tls"]],
                         ["drain"] * 6)

    def test_a_delay_keeps_accepting_but_is_not_ready(self):
        daemon = self.begin(drain={"delay": "8s", "timeout": "10s", "spread": "0s"})
        address = daemon.address("web")
        self.assertEqual(daemon.get("/readyz")[0], 200)
        daemon.signal(signal.SIGTERM)
        eventually(lambda: daemon.get("/readyz")[0] == 503, "/readyz to say 503")
        client, peer = self.session(daemon)
        client.send(b"late but welcome")
        self.assertEqual(peer.recv_exactly(16), b"late but welcome")
        client.goodbye()
        self.assertEqual(peer.recv_until_end().end, FIN)
        peer.fin()
        self.assertTrue(client.read_until_end().close_notify)
        eventually(lambda: is_refused(address), "the listener to close after the delay")
        self.assertEqual(daemon.wait(), 0)

    def test_many_idle_sessions_end_spread_over_the_time_and_not_all_at_once(self):
        daemon = self.begin(drain={"timeout": "60s", "spread": "3s"}, shutdown={"quiet": "300ms"})
        pairs = [self.session(daemon) for _ in range(40)]
        daemon.signal(signal.SIGTERM)
        ends = []

        def watch(client, peer):
            self.assertEqual(peer.recv_until_end().end, FIN)
            ends.append(time.monotonic())
            peer.close()
            client.read_until_close_notify()
            client.goodbye()
        for watching in [Background(watch, client, peer) for client, peer in pairs]:
            watching.result()
        for client, _ in pairs:
            self.assertTrue(client.seen.close_notify, str(client.seen))
        self.assertEqual(daemon.wait(), 0)
        # 40 ends over 3 s: were they at once, the first and the last would be together.
        self.assertGreater(max(ends) - min(ends), 1)

    def test_metrics_are_served_until_the_end_of_the_drain(self):
        daemon = self.begin(self.backend().serve(echo), drain={"timeout": "60s"})
        client = self.client(daemon.address("web")).handshake()
        client.send(b"ping")
        self.assertEqual(client.read_exactly(4), b"ping")
        daemon.signal(signal.SIGTERM)
        eventually(lambda: is_refused(daemon.address("web")), "the listener to close")
        for _ in range(3):
            self.assertEqual(daemon.scrape().sum("ferrule_sessions_open"), 1)
        client.goodbye()
        client.read_until_end()
        self.assertEqual(daemon.wait(), 0)


if __name__ == "__main__":
    unittest.main()
