"""A daemon as it is shipped (one worker, log and recorder at their defaults), and a load on it."""

import platform
import unittest

from support.case import DaemonCase, simple
from support.places import is_sanitized

from .load import Load, Server
from .pace import Pace


@unittest.skipIf(is_sanitized(), "the figures are those of the release")
@unittest.skipUnless(platform.machine() == "x86_64", "the figures are those of x86-64")
class GuardCase(DaemonCase):
    def plain_server(self):
        server = Server()
        self.addCleanup(server.close)
        return server

    def daemon(self, server, tool=None, **options):
        options = {"log": {"level": "info"}, "watch": "off",
                   # In valgrind on a busy machine a handshake may take longer than by default.
                   "timeouts": {"handshake": "5m", "connect": "5m"}, **options}
        if tool is None:
            return self.start(simple(server, **options))
        return self.start(simple(server, **options), launcher=tool.launcher,
                          environment=tool.environment)

    def load(self, daemon, server, warm_up=3):
        """What is allocated, looked up or resolved once is behind us."""
        load = Load(daemon.address("web"), server, Pace(daemon.process.pid))
        load.whole_sessions(warm_up)
        return load
