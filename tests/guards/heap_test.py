#!/usr/bin/env python3
"""Heap of a session, idle and blocked, as massif counts what is allocated (README.md,
figures.toml)."""

import socket
import threading
import unittest

from guarding import figures
from guarding.case import GuardCase
from guarding.load import MIB, give, receive
from guarding.valgrind import Massif
from support.waiting import LIMIT, eventually

SESSIONS = 10
BLOCKED = 5

# The worker's buffer of records, one for all of its sessions, is as large as the largest chunk was.
SHARED = "wire_write("


class Heap(GuardCase):
    def test_heap(self):
        self.tool = Massif()
        self.server = self.plain_server()
        # Nobody but the worker allocates for a session: no line, no scrape that is still answered.
        # Who takes nothing is given up soon.
        self.process = self.daemon(self.server, self.tool, log={"sessions": "none"},
                                   shutdown={"stall_timeout": "200ms"})
        self.sessions = self.load(self.process, self.server)
        self.sockets = self.sessions.pace.sockets()
        self.process.scrape()  # what the first one needs is there from now on
        for each in (self.idle, self.idle_after_bulk, self.client_does_not_read,
                     self.backend_does_not_read):
            with self.subTest(each.__name__):
                self.sessions.pace.wait_for_sockets(self.sockets)
                self.before = self.tool.heap(self.process)
                each()

    def grown(self, sessions):
        """Bytes that each of so many sessions has more than there were before."""
        now = self.tool.heap(self.process)
        for place in [place for place in now.ours if SHARED in place]:
            del now.ours[place]
        self.places = "\n".join(["  Allocated by:", *(
            f"  {count / sessions:10.0f}  {place}"
            for place, count in (now.ours - self.before.ours).most_common(8))])
        return {key: sum((after - before).values()) / sessions for key, after, before in (
            ("ferrule", now.ours, self.before.ours),
            ("libraries", now.libraries, self.before.libraries))}

    def check_ours(self, name, bytes_each):
        try:
            figures.check_once(name, {"ferrule": bytes_each})
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.places}") from None

    def check_idle(self, clients):
        found = self.grown(len(clients))
        for client in clients:
            self.sessions.end(client)
        self.check_ours("idle-session-heap", found["ferrule"])
        figures.check_once("idle-session-openssl-heap", {"libraries": found["libraries"]})

    def idle(self):
        clients = [self.sessions.begin(self.server.echo(64)) for _ in range(SESSIONS)]
        for client in clients:
            self.sessions.messages(client, 2, 64)
        self.check_idle(clients)

    def idle_after_bulk(self):
        clients = []
        for play, move in ((give, self.sessions.download), (receive, self.sessions.upload)):
            clients.append(self.sessions.begin(play(4 * MIB)))
            move(clients[-1], 4 * MIB)
        self.check_idle(clients)

    def check_blocked(self, name, begin):
        clients = [begin() for _ in range(BLOCKED)]
        last = [None]

        def stands_still():
            moved = self.process.scrape().sum("ferrule_bytes_total")
            still, last[0] = moved == last[0], moved
            return still
        eventually(stands_still, "all sessions to be stuck")
        self.sessions.pace.wait_for_sockets(self.sockets + 2 * BLOCKED)
        held = self.grown(BLOCKED)["ferrule"]
        places = self.places
        for client in clients:
            client.rst()
        self.sessions.pace.wait_for_sockets(self.sockets)
        self.check_ours("gone-session-heap", self.grown(BLOCKED)["ferrule"])
        self.places = places
        self.check_ours(name, held)

    def client_does_not_read(self):
        data = bytes(MIB)

        def flood(connection):
            while True:
                connection.sendall(data)
        self.check_blocked("blocked-client-heap",
                           lambda: self.sessions.begin(flood, receive_buffer=4096))

    def backend_does_not_read(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        data = bytes(MIB)

        def read_nothing(connection):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            gate.wait(5 * LIMIT)

        def begin():
            client = self.sessions.begin(read_nothing)
            client.sock.setblocking(False)
            records = b""
            try:
                while True:
                    records = records or client.encrypt(data)
                    records = records[client.sock.send(records):]
            except BlockingIOError:
                return client
        self.check_blocked("blocked-backend-heap", begin)


if __name__ == "__main__":
    unittest.main()
