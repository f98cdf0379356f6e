#!/usr/bin/env python3
"""System calls of the worker: for each session, each message, each read of bulk
(README.md, figures.toml)."""

import unittest

from guarding import figures
from guarding.case import GuardCase
from guarding.load import MIB, give, receive
from guarding.system_calls import Trace

SESSIONS = 20
MESSAGES = 100
BULK = 32 * MIB

# How often these are called depends on when the peer's kernel acknowledges, and on when the log's
# writer sleeps.
WAITING = {"epoll_wait", "epoll_pwait", "epoll_pwait2", "epoll_ctl", "ioctl", "timerfd_settime",
           "futex"}


class SystemCalls(GuardCase):
    def test_calls(self):
        self.server = self.plain_server()
        self.process = self.daemon(self.server)
        self.sessions = self.load(self.process, self.server)
        with self.subTest("a full session"):
            self.check_sessions("full-session", False)
        with self.subTest("a resumed session"):
            self.check_sessions("resumed-session", True)
        for size in (64, 1024, 16 * 1024):
            with self.subTest(f"a message of {size} bytes"):
                self.check_messages(size)
        with self.subTest("bulk to the client"):
            self.check_bulk("bulk-to-client-calls", give, self.sessions.download)
        with self.subTest("bulk to the backend"):
            self.check_bulk("bulk-to-backend-calls", receive, self.sessions.upload)

    def traced(self, load):
        with Trace(self.process.process.pid, self.sessions.pace) as trace:
            load()
        return trace

    def counted(self, units, load):
        """Calls of the worker's thread for each unit, by name."""
        return {name: count / units for name, count in self.traced(load).worker.items()}

    def check_sessions(self, name, resume):
        def measure():
            found = self.counted(SESSIONS, lambda: self.sessions.whole_sessions(SESSIONS, resume))
            return {
                f"{name}-calls": {key: count for key, count in found.items() if key not in WAITING},
                f"{name}-waits": {key: count for key, count in found.items() if key in WAITING}}

        figures.check(measure)

    def check_messages(self, size):
        client = self.sessions.begin(self.server.echo(size))
        self.sessions.messages(client, 3, size)
        figures.check(lambda: {"message-calls": self.counted(
            MESSAGES, lambda: self.sessions.messages(client, MESSAGES, size))})
        self.sessions.end(client)

    def check_bulk(self, name, play, move):
        client = self.sessions.begin(play(BULK))
        move(client, BULK)

        def measure():
            trace = self.traced(lambda: move(client, BULK))
            # How much one read gives is the peers' and the scheduler's; that it may give a whole
            # chunk, and what is called for each read, is ours.
            return {name: {call: count / trace.worker["recvfrom"]
                           for call, count in trace.worker.items()},
                    "bulk-chunk": {"asked_kib": trace.asked / 1024}}

        figures.check(measure)
        self.sessions.end(client)


if __name__ == "__main__":
    unittest.main()
