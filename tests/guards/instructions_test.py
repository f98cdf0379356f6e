#!/usr/bin/env python3
"""Instructions and allocations of the worker: for each session, each message, each MiB, as
callgrind counts them (README.md, figures.toml)."""

import unittest

from guarding import figures
from guarding.case import GuardCase
from guarding.load import MIB, give, receive
from guarding.valgrind import OURS, Callgrind

SESSIONS = 10
MESSAGES = 50
BULK = 4 * MIB

LIBRARIES = {"libssl.so.3": "libssl", "libcrypto.so.3": "libcrypto", "libc.so.6": "libc"}


class Instructions(GuardCase):
    def test_instructions(self):
        self.tool = Callgrind()
        self.server = self.plain_server()
        self.process = self.daemon(self.server, self.tool)
        self.sessions = self.load(self.process, self.server)
        with self.subTest("a message"):
            client = self.sessions.begin(self.server.echo(64))
            self.sessions.messages(client, 3, 64)
            self.check("message", MESSAGES,
                       lambda: self.sessions.messages(client, MESSAGES, 64))
            self.sessions.end(client)
        with self.subTest("a full session"):
            self.check("full-session", SESSIONS, lambda: self.sessions.whole_sessions(SESSIONS))
        with self.subTest("a resumed session"):
            self.check("resumed-session", SESSIONS,
                       lambda: self.sessions.whole_sessions(SESSIONS, True))
        with self.subTest("bulk to the client"):
            self.check_bulk("bulk-to-client", give, self.sessions.download)
        with self.subTest("bulk to the backend"):
            self.check_bulk("bulk-to-backend", receive, self.sessions.upload)

    def check_bulk(self, name, play, move):
        client = self.sessions.begin(play(BULK))
        move(client, BULK)
        try:
            self.check(name, BULK // MIB, lambda: move(client, BULK))
        finally:
            self.sessions.end(client)

    def check(self, name, units, load):
        counted = None

        def measure():
            nonlocal counted
            counted = self.tool.during(self.process, load)
            return {
                f"{name}-instructions": {"ferrule": counted.by_object[OURS] / units},
                f"{name}-libraries": {ours: counted.by_object[theirs] / units
                                      for theirs, ours in LIBRARIES.items()},
                f"{name}-allocations": {"malloc": counted.calls["malloc"] / units}}

        try:
            figures.check(measure)
        except AssertionError as failure:
            most = [(count, function) for (place, function), count in
                    counted.by_function.most_common() if place == OURS]
            self.fail("\n".join([str(failure), "  Most of our own instructions are in:", *(
                f"  {count / units:10.1f}  {function}" for count, function in most[:15])]))


if __name__ == "__main__":
    unittest.main()
