"""A test case with daemons of its own: stopped, checked and, on failure, shown with their logs."""

import sys
import unittest

from .backend import Backend
from .configuration import configuration, listener
from .daemon import Daemon
from .places import certificate
from .tls_client import TlsClient


class DaemonCase(unittest.TestCase):
    def run(self, result=None):
        self._daemons = []
        before = len(result.failures) + len(result.errors) if result else 0
        super().run(result)
        if result and len(result.failures) + len(result.errors) > before:
            for daemon in self._daemons:
                print(f"--- log of {self.id()}\n{daemon.log()}", file=sys.stderr)
        return result

    def start(self, settings, ready=True, **options):
        """A daemon that is gone at the end of the test, and must have had no reason to complain."""
        daemon = Daemon(settings, **options)
        self._daemons.append(daemon)
        self.addCleanup(self._finish, daemon)
        if ready:
            daemon.wait_until_ready()
        return daemon

    def _finish(self, daemon):
        if daemon.process.poll() is None:
            daemon.kill()
        self.assertEqual(daemon.complaints(), [])

    def backend(self, *arguments, **options):
        backend = Backend(*arguments, **options)
        self.addCleanup(backend.close)
        return backend

    def client(self, address, *arguments, **options):
        """A connected client; the handshake is still to come."""
        client = TlsClient(address, *arguments, **options)
        self.addCleanup(client.close)
        return client


def simple(backend, tls=None, shutdown=None, timeouts=None, name="web", addresses=("127.0.0.1:0",),
           common_name="localhost", **more):
    """The configuration of one listener in front of one backend."""
    options = {}
    if shutdown:
        options["shutdown"] = shutdown
    if timeouts:
        options["timeouts"] = timeouts
    text = backend if isinstance(backend, str) else backend.text
    return configuration(
        [listener(name, "app", *certificate(common_name), addresses=addresses, tls=tls, **options)],
        {"app": [text]}, **more)
