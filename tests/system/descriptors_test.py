#!/usr/bin/env python3
"""When descriptors run out: accepting pauses and is counted, nothing spins, nobody is cut, and it
goes on by itself."""

import resource
import socket
import time
import unittest

from support.backend import echo
from support.case import DaemonCase, simple
from support.places import has_symbol
from support.tcp import FIN
from support.tls_client import HandshakeFailed, TlsClient
from support.waiting import LIMIT, Background, TookTooLong, eventually

EPISODE = 3.0  # seconds without a free descriptor


def few_descriptors(count):
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))
    return limit


class Descriptors(DaemonCase):
    def fill(self, daemon):
        """Opens sessions until one is not served; returns the served ones and the waiting one."""
        served = []
        while len(served) < 200:
            client = self.client(daemon.address("web"))
            client.sock.settimeout(1.5 if served else LIMIT)
            try:
                client.handshake()
                client.send(b"ping")
                client.read_exactly(4)
            except (TookTooLong, HandshakeFailed, AssertionError):
                return served, client
            client.sock.settimeout(LIMIT)
            served.append(client)
        self.fail("the descriptors did not run out")

    def works(self, client):
        client.send(b"still here")
        self.assertEqual(client.read_exactly(10), b"still here")

    def runs_out(self, reason, **settings):
        daemon = self.start(simple(self.backend().serve(echo), workers=2, **settings),
                            preexec=few_descriptors(64))
        served, _ = self.fill(daemon)
        self.assertGreater(len(served), 3)
        waiting = [socket.create_connection(daemon.address("web"), timeout=LIMIT)
                   for _ in range(5)]
        for sock in waiting:
            self.addCleanup(sock.close)

        lines_before = len(daemon.messages)
        cpu_before = daemon.cpu_seconds()
        ends = time.monotonic() + EPISODE
        while time.monotonic() < ends:
            self.works(served[0])
            time.sleep(0.1)
        used = daemon.cpu_seconds() - cpu_before
        self.assertLess(used, EPISODE / 3, "the daemon spins")
        self.assertLess(len(daemon.messages) - lines_before, 50, "the daemon floods its log")
        for client in served:
            self.works(client)

        for client in served[:len(served) // 2]:
            client.goodbye()
            seen = client.read_until_end()
            self.assertEqual((seen.close_notify, seen.end), (True, FIN), str(seen))
        for sock in waiting:
            sock.close()
        eventually(lambda: self.is_served(daemon), "a session after some have ended")
        daemon.wait_for_metric("ferrule_accept_paused_total", lambda count: count >= 1,
                               reason=reason)
        for client in served[len(served) // 2:]:
            self.works(client)

    def is_served(self, daemon):
        client = TlsClient(daemon.address("web"))
        client.sock.settimeout(2)
        try:
            client.handshake()
            self.works(client)
            return True
        except (TookTooLong, HandshakeFailed, AssertionError):
            return False
        finally:
            client.close()

    def test_by_default_there_are_only_as_many_sessions_as_descriptors_allow(self):
        self.runs_out("sessions")

    @unittest.skipIf(has_symbol(b"__ubsan_handle_dynamic_type_cache_miss"),
                     "UBSan's vptr check opens a pipe and reports a fault if it cannot")
    def test_descriptors_that_run_out_all_the_same_pause_accepting(self):
        self.runs_out("descriptors", limits={"sessions": 10_000})

    def test_a_limit_of_sessions_pauses_accepting_too(self):
        daemon = self.start(simple(self.backend().serve(echo), limits={"sessions": 3}))
        served, waiting = self.fill(daemon)
        self.assertEqual(len(served), 3)
        eventually(lambda: daemon.scrape().sum("ferrule_accept_paused_total", reason="sessions"),
                   "the pause to be counted")
        served[0].goodbye()
        served[0].read_until_end()
        # The one that has waited is served now: it has not been refused in the meantime.
        waiting.sock.settimeout(LIMIT)
        finishing = Background(waiting.handshake)
        finishing.result()
        self.works(waiting)

    def test_the_limit_of_sessions_is_one_for_all_workers(self):
        daemon = self.start(simple(self.backend().serve(echo), workers=4,
                                   limits={"sessions": 20}))
        served, waiting = self.fill(daemon)
        self.assertEqual(len(served), 20)
        served[0].goodbye()
        served[0].read_until_end()
        # Whichever worker has it: it is told of the place that another one has given back.
        waiting.sock.settimeout(LIMIT)
        waiting.handshake()
        self.works(waiting)
        for client in served[1:]:
            self.works(client)
        self.assertLessEqual(daemon.scrape().sum("ferrule_sessions_open"), 20)

    def test_clients_that_say_nothing_keep_nobody_out(self):
        daemon = self.start(simple(self.backend().serve(echo), workers=2,
                                   timeouts={"handshake": "60s"}, limits={"sessions": 10}))
        served = [self.client(daemon.address("web")).handshake() for _ in range(3)]
        silent = [socket.create_connection(daemon.address("web"), timeout=LIMIT)
                  for _ in range(30)]
        for sock in silent:
            self.addCleanup(sock.close)
        eventually(lambda: daemon.scrape().sum("ferrule_accept_paused_total", reason="sessions"),
                   "the pause to be counted")
        late = self.client(daemon.address("web")).handshake()
        self.works(late)
        for client in served:
            self.works(client)
        with self.assertRaises(ConnectionResetError):
            silent[0].recv(1)
        line = daemon.session("web")
        self.assertEqual((line["cause"], line["outcome"], line["client_act"]),
                         ("limit", "none", "reset"))


if __name__ == "__main__":
    unittest.main()
