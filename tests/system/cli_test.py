#!/usr/bin/env python3
"""The command line: what it prints, and its exit codes 0, 1 and 2."""

import http.client
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import unittest
import urllib.request

from support.backend import echo
from support.case import DaemonCase, simple
from support.configuration import to_yaml
from support.places import BINARY, certificate, fresh
from support.ports import free_port
from support.waiting import LIMIT, eventually


def ferrule(*arguments):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=3 * LIMIT,
                          stdin=subprocess.DEVNULL)


def write(settings):
    path = fresh("ferrule.yaml")
    path.write_text(settings if isinstance(settings, str) else to_yaml(settings), encoding="utf-8")
    return str(path)


class Usage(unittest.TestCase):
    def test_help_says_what_there_is(self):
        for arguments in (["--help"], ["run", "--help"], ["check", "--help"], ["demo", "--help"],
                          ["probe", "--help"]):
            with self.subTest(arguments=arguments):
                ran = ferrule(*arguments)
                self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        for word in ("run", "check", "demo", "probe", "version"):
            self.assertIn(word, ferrule("--help").stdout)

    def test_version(self):
        ran = ferrule("version")
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        self.assertRegex(ran.stdout, r"(?m)^ferrule \d+\.\d+\.\d+")
        self.assertIn("OpenSSL", ran.stdout)

    def test_wrong_usage_is_2_and_says_why(self):
        for arguments in ([], ["walk"], ["run"], ["run", "--config"], ["check"],
                          ["check", "a", "b"], ["run", "--nonsense"], ["version", "now"]):
            with self.subTest(arguments=arguments):
                ran = ferrule(*arguments)
                self.assertEqual(ran.returncode, 2, ran.stdout + ran.stderr)
                self.assertTrue(ran.stderr.strip())


class Check(unittest.TestCase):
    good = simple("127.0.0.1:9000")

    def test_a_good_file_is_summed_up(self):
        settings = simple("127.0.0.1:9000", shutdown={"mode": "notify"}, name="shop")
        ran = ferrule("check", write(settings))
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        lines = [line for line in ran.stdout.splitlines() if "shop" in line]
        self.assertTrue(lines, ran.stdout)
        # How long an ending takes at most is a promise, and stands here in the file's own units.
        self.assertRegex(ran.stdout, r"at most .*\d+ ?(ms|s|m|min|h)\b")

    def test_every_error_is_told_in_one_run_with_its_place(self):
        text = to_yaml(simple("127.0.0.1:9000", shutdown={"mode": "wait", "timeout": "5s"}))
        text = (text.replace("mode: wait", "mode: gracefull").replace("timeout: 5s", "timeout: 5")
                .replace("backend: app", "backend: apq").replace("workers: 1", "wokers: 1"))
        path = write(text)
        ran = ferrule("check", path)
        self.assertEqual(ran.returncode, 2, ran.stdout)
        for number, line in enumerate(text.splitlines(), 1):
            if any(word in line for word in ("gracefull", "timeout: 5", "apq", "wokers")):
                self.assertRegex(ran.stderr, rf"(?m)^{re.escape(path)}:{number}:\d+: error: ")
        self.assertGreaterEqual(len(re.findall(r"(?m)^ *\^", ran.stderr)), 4)
        self.assertIn("one of: wait, notify, abort", ran.stderr)

    def test_what_cannot_be_read_is_2(self):
        for text in ("listeners: [", "", "- 1\n", "\x00\x01", "a: b: c\n"):
            with self.subTest(text=text):
                ran = ferrule("check", write(text))
                self.assertEqual(ran.returncode, 2, ran.stdout)
                self.assertIn("error", ran.stderr)
        ran = ferrule("check", "/nonexistent/ferrule.yaml")
        self.assertEqual(ran.returncode, 2)
        self.assertIn("/nonexistent/ferrule.yaml", ran.stderr)

    def test_certificates_are_looked_at(self):
        other = certificate("renewed")
        for tls, word in (({"key": other[1]}, "key"), ({"key": "/nonexistent.pem"}, "nonexistent"),
                          ({"certificate": other[1]}, "certificate")):
            with self.subTest(tls=tls):
                ran = ferrule("check", write(simple("127.0.0.1:9000", tls=tls)))
                self.assertEqual(ran.returncode, 2, ran.stdout)
                self.assertIn(word, ran.stderr)

    def test_a_pipe_is_a_file_as_well(self):
        text = to_yaml(simple("127.0.0.1:9000"))
        for given, code in ((text, 0), (text.replace("workers: 1", "workers: none"), 2)):
            ran = subprocess.run([BINARY, "check", "/dev/stdin"], input=given, capture_output=True,
                                 text=True, timeout=3 * LIMIT)
            self.assertEqual(ran.returncode, code, ran.stdout + ran.stderr)
        self.assertIn("/dev/stdin:", ran.stderr)

    def test_a_log_target_in_a_missing_folder_is_2_as_for_run(self):
        path = write(simple("127.0.0.1:9000", log={"target": "/nonexistent/ferrule.log"}))
        checked, ran = ferrule("check", path), ferrule("run", "--config", path)
        self.assertEqual((checked.returncode, ran.returncode), (2, 2))
        self.assertIn("'/nonexistent', which is no folder", checked.stderr)
        self.assertEqual(ran.stderr, checked.stderr)

    def test_a_key_is_never_shown(self):
        secret = pathlib.Path(certificate()[1]).read_text(encoding="ascii").splitlines()[1]
        ran = ferrule("check", certificate()[1])
        self.assertEqual(ran.returncode, 2)
        self.assertNotIn(secret, ran.stdout + ran.stderr)

    def test_relative_paths_are_taken_from_the_files_folder(self):
        path = fresh("ferrule.yaml")
        for source, name in zip(certificate(), ("relative-cert.pem", "relative-key.pem")):
            shutil.copy(source, path.parent / name)  # with its mode: a key is not for others
        path.write_text(to_yaml(simple("127.0.0.1:9000", tls={
            "certificate": "relative-cert.pem", "key": "relative-key.pem"})), encoding="utf-8")
        ran = ferrule("check", str(path))
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))


class Run(DaemonCase):
    def test_a_bad_file_is_2_with_the_same_text_as_check(self):
        path = write(to_yaml(simple("127.0.0.1:9000")).replace("workers: 1", "workers: none"))
        ran, checked = ferrule("run", "--config", path), ferrule("check", path)
        self.assertEqual((ran.returncode, checked.returncode), (2, 2))
        self.assertEqual(ran.stderr, checked.stderr)
        self.assertEqual(ran.stdout, "")

    def test_a_port_in_use_is_1_and_says_which(self):
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        for settings in (simple("127.0.0.1:9000", addresses=[address]),
                         simple("127.0.0.1:9000", metrics={"address": address})):
            ran = ferrule("run", "--config", write(settings))
            self.assertEqual(ran.returncode, 1, ran.stderr)
            self.assertIn(address, ran.stderr)
            self.assertIn("in use", ran.stderr)

    def test_the_log_can_be_text_and_say_only_what_is_abnormal(self):
        backend = self.backend().serve(echo)
        daemon = self.start(simple(backend, log={"format": "text", "sessions": "abnormal"}),
                            ready=False)

        def line(expression):
            return daemon._wait(lambda: next((found for text in daemon.foreign
                                              if (found := re.search(expression, text))), None),
                                expression)
        address = line(r"listening listener=web address=127\.0\.0\.1:(\d+)")
        line(r"\bready\b")
        for ending in ("goodbye", "fin"):
            client = self.client(("127.0.0.1", int(address[1]))).handshake()
            client.send(b"ping")
            client.read_exactly(4)
            getattr(client, ending)()
            client.read_until_end()
        ended = line(r"cause=(\w+)")
        self.assertEqual(ended[1], "client_truncated")
        for word in ("listener=web", "to_backend_bytes=4", "client_act=", "outcome="):
            self.assertIn(word, ended.string)
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(sum("cause=" in text for text in daemon.foreign), 1, daemon.foreign)


class Demo(unittest.TestCase):
    def test_the_demo_shows_endings(self):
        port = free_port()
        demo = subprocess.Popen(
            [BINARY, "demo", "--port", str(port), "--metrics-port", str(free_port())],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(demo.stdout.close)
        self.addCleanup(demo.wait, LIMIT)
        self.addCleanup(demo.kill)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

        def get(path):
            with urllib.request.urlopen(f"https://127.0.0.1:{port}{path}", context=context,
                                        timeout=LIMIT) as answer:
                return answer.read()

        def is_up():
            self.assertIsNone(demo.poll(), "the demo has ended")
            try:
                return get("/")
            except OSError:
                return None
        self.assertIn(b"Ferrule", eventually(is_up, "the demo to answer"))
        self.assertEqual(len(get("/bytes/100000")), 100_000)
        self.assertEqual(len(get("/stream/100000")), 100_000)
        # Python's ssl takes a reset for an end, but the answer announces more than came.
        with self.assertRaises((ConnectionResetError, http.client.IncompleteRead)):
            get("/reset/100000")
        demo.send_signal(signal.SIGTERM)
        printed, _ = demo.communicate(timeout=LIMIT)
        self.assertEqual(demo.returncode, 0, printed)
        self.assertIn(f"https://localhost:{port}", printed)
        for cause in ("backend_eof", "backend_reset"):
            self.assertIn(cause, printed)


if __name__ == "__main__":
    unittest.main()
