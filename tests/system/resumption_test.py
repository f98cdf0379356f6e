#!/usr/bin/env python3
"""Session tickets: they resume on any worker and after a reload, and not at another listener."""

import signal
import unittest

from support.backend import echo
from support.case import DaemonCase, simple
from support.tcp import FIN
from support.tls_client import TLS12, TLS13, client_context

TRIES = 24  # with two workers, all on one of them by chance: 1 in 8 million


class Resumption(DaemonCase):
    def setUp(self):
        self.app = self.backend().serve(echo)

    def visit(self, address, context, session=None):
        """A short session; returns (was it resumed, its ticket)."""
        client = self.client(address, context=context, session=session, server_name="localhost")
        client.handshake()
        client.send(b"ping")
        client.read_exactly(4)  # TLS 1.3 tickets have come before this
        resumed, ticket = client.engine.session_reused, client.engine.session
        client.goodbye()
        seen = client.read_until_end()
        self.assertEqual((seen.close_notify, seen.end), (True, FIN), str(seen))
        client.close()
        return resumed, ticket

    def test_a_ticket_resumes_on_any_worker(self):
        daemon = self.start(simple(self.app, workers=2))
        expected = 0
        for version in (TLS12, TLS13):
            with self.subTest(version=version):
                context = client_context(version)
                resumed, ticket = self.visit(daemon.address("web"), context)
                self.assertFalse(resumed)
                for _ in range(TRIES):
                    resumed, newer = self.visit(daemon.address("web"), context, ticket)
                    self.assertTrue(resumed)
                    ticket = newer if version == TLS13 else ticket
                expected += TRIES
        lines = daemon.session("web", count=expected + 2)
        self.assertEqual(sum(line["resumed"] for line in lines), expected)
        daemon.wait_for_metric("ferrule_tls_resumptions_total", expected)

    def test_a_ticket_resumes_after_a_reload(self):
        daemon = self.start(simple(self.app))
        for version in (TLS12, TLS13):
            with self.subTest(version=version):
                context = client_context(version)
                _, ticket = self.visit(daemon.address("web"), context)
                before = daemon.scrape().sum("ferrule_reloads_total", result="ok")
                daemon.signal(signal.SIGHUP)
                daemon.wait_for_metric("ferrule_reloads_total", before + 1, result="ok")
                self.assertTrue(self.visit(daemon.address("web"), context, ticket)[0])

    def test_a_ticket_of_one_listener_is_nothing_to_another(self):
        settings = simple(self.app)
        settings["listeners"].append(dict(settings["listeners"][0], name="other"))
        daemon = self.start(settings)
        for version in (TLS12, TLS13):
            with self.subTest(version=version):
                context = client_context(version)
                _, ticket = self.visit(daemon.address("web"), context)
                self.assertFalse(self.visit(daemon.address("other"), context, ticket)[0])


if __name__ == "__main__":
    unittest.main()
