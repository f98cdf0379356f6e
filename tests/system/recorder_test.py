#!/usr/bin/env python3
"""The flight recorder: what the log tells of a session that ended abnormally, and when it does not."""

import re
import signal
import unittest

from support.case import DaemonCase, simple
from support.tcp import pattern
from support.waiting import Background, eventually


def words(trace):
    """The events as words, each with what it says besides."""
    return [" ".join([event["what"], *(event[key] for key in ("how", "cause", "bound", "alert")
                                        if key in event)]) for event in trace["events"]]


class Recorder(DaemonCase):
    def begin(self, **options):
        self.app = self.backend()
        return self.start(simple(self.app, **options))

    def session(self, daemon, **options):
        client = self.client(daemon.address("web"), **options).handshake()
        peer = self.app.accept()
        self.addCleanup(peer.close)
        client.send(b"request")
        peer.recv_exactly(7)
        return client, peer

    def broken_by_the_backend(self, daemon):
        """The line of a session whose backend resets it."""
        client, peer = self.session(daemon)
        before = len(daemon.sessions)
        peer.rst()
        client.read_until_end()
        client.close()
        daemon.session("web", count=before + 1)
        return daemon.sessions[before]

    def trace(self, daemon, line):
        """The trace of a session, which stands right behind its line."""
        found = daemon.trace(line["session"])
        self.assertEqual((found["time"], found["level"], found["listener"]),
                         (line["time"], "warning", "web"))
        times = [event["at_us"] for event in found["events"]]
        self.assertEqual(times, sorted(times))
        self.assertLessEqual(times[-1], line["total_ms"] * 1000 + 1)
        return found

    def assert_in_order(self, wanted, found):
        position = 0
        for each in wanted:
            self.assertIn(each, found[position:], f"{each!r} in its order in {found}")
            position = found.index(each, position) + 1

    def test_a_backend_that_resets(self):
        daemon = self.begin()
        found = self.trace(daemon, self.broken_by_the_backend(daemon))
        self.assertEqual(found["omitted"], 0)
        self.assert_in_order(
            ["accepted", "handshake_done", "connecting", "connected", "client_read",
             "backend_write", "backend_ended reset", "cause backend_reset", "abort_client"],
            words(found))
        read = next(event for event in found["events"] if event["what"] == "client_read")
        self.assertEqual((read["bytes"], read["count"]), (7, 1))

    def test_a_client_that_breaks_off_in_a_transfer(self):
        daemon = self.begin()
        client, peer = self.session(daemon)
        data = pattern(8 * 1024 * 1024)
        reading = Background(client.read_until_end)
        peer.send(data)
        client.fin()
        peer.recv_until_end()
        reading.result()
        found = self.trace(daemon, daemon.session("web"))
        self.assertEqual(found["omitted"], 0, "a transfer pushes nothing out")
        self.assert_in_order(
            ["accepted", "handshake_done", "connected", "client_read", "backend_read",
             "client_ended truncated", "cause client_truncated", "abort_backend"], words(found))
        read = [event for event in found["events"] if event["what"] == "backend_read"]
        self.assertEqual(sum(event["bytes"] for event in read),
                         daemon.session("web")["to_client_bytes"])

    def test_a_drain(self):
        daemon = self.begin(drain={"timeout": "1s", "spread": "0s"},
                            shutdown={"on_proxy_end": "reset"})
        client, peer = self.session(daemon)
        daemon.signal(signal.SIGTERM)
        client.read_until_end()
        peer.recv_until_end()
        daemon.wait()
        found = self.trace(daemon, daemon.session("web"))
        self.assert_in_order(["connected", "drain_ordered", "cause drain", "abort_client"],
                             words(found))
        ordered = next(event for event in found["events"] if event["what"] == "drain_ordered")
        self.assertEqual(ordered["for_ms"], 1000)

    def test_a_client_that_never_speaks_tls(self):
        daemon = self.begin()
        client = self.client(daemon.address("web"))
        client.send_raw(b"GET / HTTP/1.0\r\n\r\n")
        client.read_until_end()
        found = self.trace(daemon, daemon.session("web"))
        self.assert_in_order(["accepted", "cause handshake_failed", "abort_client"], words(found))

    def test_no_server(self):
        daemon = self.start(simple(self.backend(listening=False)))
        client = self.client(daemon.address("web")).handshake()
        client.read_until_end()
        found = self.trace(daemon, daemon.session("web"))
        self.assert_in_order(["handshake_done", "connecting", "connect_failed",
                              "cause no_backend", "abort_client"], words(found))
        failed = next(event for event in found["events"] if event["what"] == "connect_failed")
        self.assertEqual(failed["error"], "Connection refused")

    def test_a_clean_session_leaves_none(self):
        daemon = self.begin()
        client, peer = self.session(daemon)
        client.goodbye()
        client.fin()
        peer.recv_until_end()
        peer.close()
        client.read_until_end()
        self.assertEqual(daemon.session("web")["outcome"], "clean")
        # The next one's trace comes behind the place where this one's would stand.
        self.trace(daemon, self.broken_by_the_backend(daemon))
        self.assertEqual(len(daemon.traces), 1)

    def test_off_leaves_none_and_a_reload_changes_it_for_new_sessions(self):
        daemon = self.begin(log={"format": "json", "recorder": "off"})
        first = self.broken_by_the_backend(daemon)
        old_client, old_peer = self.session(daemon)

        daemon.write(simple(self.app, log={"format": "json", "recorder": 4}))
        daemon.signal(signal.SIGHUP)
        daemon.message(r"^reloaded$")
        line = self.broken_by_the_backend(daemon)
        found = self.trace(daemon, line)
        self.assertEqual(len(found["events"]), 4)
        self.assertGreater(found["omitted"], 4)
        self.assertEqual(words(found)[-1], "release_backend")

        old_peer.rst()
        old_client.read_until_end()
        daemon.session("web", count=3)
        self.trace(daemon, self.broken_by_the_backend(daemon))
        self.assertEqual(len(daemon.traces), 2)
        self.assertNotIn(first["session"], [each["session"] for each in daemon.traces])

    def test_text(self):
        daemon = self.begin()
        daemon.write(simple(self.app, log={"format": "text"}))
        daemon.signal(signal.SIGHUP)
        eventually(lambda: any("reloaded" in line for line in daemon.foreign), "the reload")
        client, peer = self.session(daemon)
        peer.rst()
        client.read_until_end()
        daemon.signal(signal.SIGTERM)
        daemon.wait()
        lines = [line for line in daemon.foreign if re.search(" (ended|trace) session=", line)]
        self.assertEqual(len(lines), 2, daemon.foreign)
        self.assertRegex(lines[0], r"^\S+ warning ended session=1 ")
        self.assertRegex(
            lines[1],
            r'^\S+ warning trace session=1 listener=web omitted=0 events="\+0\.000ms accepted; '
            r'.*; \+\d+\.\d{3}ms backend_ended reset; .*\+\d+\.\d{3}ms abort_client; .*"$')
        self.assertFalse(re.search(r'"[^"]*"[^"]*"', lines[1]), "one field")


if __name__ == "__main__":
    unittest.main()
