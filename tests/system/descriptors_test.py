#!/usr/bin/env python3
"""When descriptors run out: accepting pauses and is counted, nothing spins, nobody is cut, and it
goes on by itself."""

import resource
import socket
import time
import unittest

from support.backend import echo
from support.case import DaemonCase, simple
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
        """Opens sessions until one is not served, and returns the served ones and the waiting one."""
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

    def test_accepting_pauses_and_goes_on_by_itself(self):
        daemon = self.start(simple(self.backend().serve(echo), workers=2),
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

        def is_served():
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
        eventually(is_served, "a session after descriptors have become free")
        scrape = daemon.scrape()
        self.assertGreaterEqual(scrape.sum("ferrule_accept_paused_total", reason="descriptors"), 1)
        for client in served[len(served) // 2:]:
            self.works(client)

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


if __name__ == "__main__":
    unittest.main()
