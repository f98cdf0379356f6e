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
        try:
            move(client, BULK)
            # On a machine that is busy a MiB comes in more and smaller pieces: noise only adds.
            for _ in range(3):
                counted = self.tool.during(self.process, lambda: move(client, BULK))
                failures = self.failures(name, BULK // MIB, counted)
                if not failures:
                    return
            self.tell(failures, BULK // MIB, counted)
        finally:
            self.sessions.end(client)

    def check(self, name, units, load):
        counted = self.tool.during(self.process, load)
        failures = self.failures(name, units, counted)
        if failures:
            self.tell(failures, units, counted)

    def failures(self, name, units, counted):
        found = {
            f"{name}-instructions": {"ferrule": counted.by_object[OURS] / units},
            f"{name}-libraries": {ours: counted.by_object[theirs] / units
                                  for theirs, ours in LIBRARIES.items()},
            f"{name}-allocations": {"malloc": counted.calls["malloc"] / units}}
        failures = []
        for guard, measured in found.items():
            try:
                figures.check(guard, measured)
            except AssertionError as failure:
                failures.append(str(failure))
        return failures

    def tell(self, failures, units, counted):
        most = [(count, function) for (place, function), count in
                counted.by_function.most_common() if place == OURS]
        self.fail("\n".join([*failures, "  Most of our own instructions are in:", *(
            f"  {count / units:10.1f}  {function}" for count, function in most[:15])]))


if __name__ == "__main__":
    unittest.main()
