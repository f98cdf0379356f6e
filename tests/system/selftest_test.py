#!/usr/bin/env python3
"""`ferrule selftest endings`: what it prints, what its exit code says, and what it leaves alone."""

import json
import socket
import subprocess
import unittest

from support.configuration import configuration, listener, to_yaml
from support.places import BINARY, certificate, fresh
from support.waiting import LIMIT

# Bounds so short that nothing is waited for long; below `quiet`, so a lifetime finds nothing quiet.
SHORT = {"shutdown": {"timeout": "300ms", "half_close_timeout": "300ms"},
         "timeouts": {"idle": "700ms"}, "drain": {"timeout": "300ms", "spread": "0s"}}


def selftest(*arguments):
    return subprocess.run([BINARY, "selftest", *arguments], capture_output=True, text=True,
                          timeout=6 * LIMIT, check=False, stdin=subprocess.DEVNULL)


def write(settings):
    path = fresh("ferrule.yaml")
    path.write_text(settings if isinstance(settings, str) else to_yaml(settings), encoding="utf-8")
    return str(path)


def web(name="web", backend="app", **options):
    return listener(name, backend, *certificate(), **options)


class Rows(unittest.TestCase):
    def ask(self, settings, code=0):
        """The rows of each listener, as {listener: {(row, tls): row}}."""
        ran = selftest("endings", "--json", "--config", write(settings))
        self.assertEqual((ran.returncode, ran.stderr), (code, ""), ran.stdout)
        answer = json.loads(ran.stdout)
        self.assertEqual(answer["ok"], code == 0)
        return {each["listener"]: {(row["row"], row["tls"]): row for row in each["rows"]}
                for each in answer["listeners"]}

    def test_a_listener_with_every_default(self):
        ran = selftest("endings")
        self.assertEqual((ran.returncode, ran.stderr), (0, ""), ran.stdout)
        self.assertIn("listener default", ran.stdout)
        self.assertNotIn("WRONG", ran.stdout)
        self.assertNotIn("by choice", ran.stdout)
        self.assertIn("waits for timeouts.idle: played with 2s instead of 10m", ran.stdout)
        self.assertRegex(ran.stdout, r"all \d\d rows are as rules and configuration say\n$")
        for version in ("TLSv1.2", "TLSv1.3"):
            self.assertIn(f"\n  {version}\n", ran.stdout)
        for row, client, backend, told in (
                ("backend_first", "20000 bytes, close_notify, FIN", "1000 bytes, FIN",
                 "backend_eof / client_eof / clean"),
                ("backend_reset", "20000 bytes, RST", "-", "backend_reset / - / cut"),
                ("client_truncated", "RST", "1000 bytes, RST", "client_truncated / - / cut"),
                ("backend_refuses", "RST", "no connection", "no_backend / - / none"),
                ("client_only_connects", "FIN", "no connection", "probe / - / none"),
                ("client_stalls", r"(\d+ bytes, )?RST", "1000 bytes, RST",
                 "backend_eof / write_stalled / lost"),
                ("client_silent", "20000 bytes, close_notify, FIN", "1000 bytes, RST",
                 "backend_eof / close_timeout / cut")):
            self.assertRegex(ran.stdout, rf"  ok    {row} +{client} +{backend} +{told}\n")

    def test_several_listeners_each_with_its_own_rules(self):
        policies = {"on_client_truncation": "fin", "on_client_reset": "fin",
                    "on_backend_reset": "truncate", "on_proxy_end": "notify"}
        busy = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(busy.close)
        taken = f"127.0.0.1:{busy.getsockname()[1]}"  # it is not opened
        settings = configuration([
            web("plain", addresses=[taken]),
            web("forgiving", shutdown={**SHORT["shutdown"], **policies}),
            web("abrupt", shutdown={**SHORT["shutdown"], "mode": "abort"},
                tls={"min_version": "1.3"}),
            web("closing", "unix", shutdown={**SHORT["shutdown"], "half_close": "close"},
                timeouts={"idle": "off", "lifetime": "1s"}, tls={"max_version": "1.2"}),
        ], {"app": ["192.0.2.1:80"], "unix": ["unix:/nonexistent/app.sock"]},
            **{**SHORT, "control": {"path": "/nonexistent/control.sock"}})
        found = self.ask(settings)
        self.assertEqual(list(found), ["plain", "forgiving", "abrupt", "closing"])

        choices = {name: {row: what["choices"] for (row, _), what in rows.items()}
                   for name, rows in found.items()}
        self.assertEqual([each for each in choices["plain"].values() if each], [])
        forgiving = choices["forgiving"]
        self.assertEqual(forgiving["client_truncated"], ["on_client_truncation: fin"])
        self.assertEqual(forgiving["client_reset"], ["on_client_reset: fin"])
        self.assertEqual(forgiving["backend_reset"], ["on_backend_reset: truncate"])
        self.assertEqual(forgiving["drain_busy"], ["on_proxy_end: notify"])
        self.assertEqual(forgiving["backend_first"], [])
        self.assertEqual(choices["abrupt"]["backend_first"], ["mode: abort"])
        self.assertEqual(choices["closing"]["client_first"], ["half_close: close"])

        self.assertEqual({tls for _, tls in found["plain"]}, {"TLSv1.2", "TLSv1.3"})
        self.assertEqual({tls for _, tls in found["abrupt"]}, {"TLSv1.3"})
        self.assertEqual({tls for _, tls in found["closing"]}, {"TLSv1.2"})
        self.assertIn(("lifetime", "TLSv1.2"), found["closing"])
        self.assertNotIn(("idle", "TLSv1.2"), found["closing"])

        truncated = found["forgiving"]["client_truncated", "TLSv1.3"]
        self.assertEqual(truncated["backend"]["end"], "FIN")
        self.assertEqual(truncated["cause"], "client_truncated")
        self.assertEqual(found["plain"]["idle", "TLSv1.3"]["client"]["end"], "FIN")
        self.assertEqual(found["plain"]["idle", "TLSv1.3"]["waits_for"],
                         {"key": "timeouts.idle", "configured_seconds": 0.7, "played_seconds": 0.7})

    def test_a_backend_on_a_unix_socket_gets_a_note(self):
        settings = configuration([web()], {"app": ["unix:/nonexistent/app.sock"]}, **SHORT)
        ran = selftest("endings", "--config", write(settings))
        self.assertEqual((ran.returncode, ran.stderr), (0, ""), ran.stdout)
        self.assertIn("note: played over TCP", ran.stdout)


class Usage(unittest.TestCase):
    def test_errors_of_the_file_are_2_and_have_carets(self):
        settings = configuration([web(shutdown={"mode": "hurry"})], {"app": ["127.0.0.1:1"]})
        ran = selftest("endings", "--config", write(settings))
        self.assertEqual((ran.returncode, ran.stdout), (2, ""))
        self.assertRegex(ran.stderr, r"ferrule\.yaml:\d+:\d+: .*hurry")
        self.assertIn("^", ran.stderr)

    def test_wrong_usage_is_2(self):
        for arguments in ([], ["beginnings"], ["endings", "now"], ["endings", "--config"],
                          ["endings", "--config", "/nonexistent/ferrule.yaml"]):
            with self.subTest(arguments=arguments):
                ran = selftest(*arguments)
                self.assertEqual((ran.returncode, ran.stdout), (2, ""), ran.stderr)
                self.assertTrue(ran.stderr.strip())

    def test_help(self):
        ran = selftest("endings", "--help")
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        for option in ("--config", "--json"):
            self.assertIn(option, ran.stdout)


if __name__ == "__main__":
    unittest.main()
