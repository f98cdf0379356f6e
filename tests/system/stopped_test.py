#!/usr/bin/env python3
"""A process that was stopped for a while (SIGSTOP, a frozen container): what has come meanwhile
counts before the time that has passed."""

import signal
import time
import unittest

from support.case import DaemonCase, simple
from support.tcp import FIN, pattern
from support.waiting import eventually

DATA = pattern(100_000)


def stop(daemon):
    daemon.signal(signal.SIGSTOP)

    def is_stopped():
        with open(f"/proc/{daemon.process.pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] == "T"
    eventually(is_stopped, "the process to stop")


class Stopped(DaemonCase):
    def test_the_second_half_of_an_answer_that_came_meanwhile_is_delivered(self):
        app = self.backend()
        daemon = self.start(simple(app, timeouts={"idle": "5s"}))
        client = self.client(daemon.address("web")).handshake()
        peer = app.accept()
        peer.send(DATA[:50_000])
        client.read_exactly(50_000)
        stop(daemon)
        peer.send(DATA[50_000:])
        peer.fin()
        time.sleep(6)  # longer than the bound
        daemon.signal(signal.SIGCONT)
        seen = client.read_until_end()
        client.goodbye()
        self.assertEqual((bytes(seen.data) == DATA[50_000:], seen.close_notify, seen.end),
                         (True, True, FIN), str(seen))
        line = daemon.session("web")
        self.assertEqual((line["cause"], line["outcome"]), ("backend_eof", "clean"))

    def test_idle_sessions_whose_clients_wrote_meanwhile_are_all_served(self):
        app = self.backend()
        # More than one look at the events shows.
        count = 600
        daemon = self.start(simple(app, timeouts={"idle": "8s"}, workers=1))
        clients, peers = [], []

        def talk():
            for client, peer in zip(clients, peers):
                client.send(b"ping")
                self.assertEqual(peer.recv_exactly(4), b"ping")
        began = time.monotonic()
        for _ in range(count):
            clients.append(self.client(daemon.address("web")).handshake())
            peers.append(app.accept())
            self.addCleanup(peers[-1].close)
            if time.monotonic() - began > 2:
                talk()
                began = time.monotonic()
        talk()
        stop(daemon)
        for client in clients:
            client.send(b"late")
        time.sleep(9)  # longer than the bound
        daemon.signal(signal.SIGCONT)
        for peer in peers:
            self.assertEqual(peer.recv_exactly(4), b"late")
        self.assertEqual(daemon.sessions_of("web"), [])


if __name__ == "__main__":
    unittest.main()
