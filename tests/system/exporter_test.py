#!/usr/bin/env python3
"""The metrics address in HTTPS and with a password, seen by curl, by OpenSSL and by Prometheus."""

import base64
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import unittest

from support.backend import echo
from support.case import DaemonCase, simple
from support.places import certificate, fresh
from support.ports import free_port
from support.tls_client import TlsClient
from support.waiting import LIMIT, eventually

PROMETHEUS = shutil.which("prometheus") or shutil.which("prometheus", path="/usr/bin")


class Answer:
    """What curl got: the head as text, the status and the body."""

    def __init__(self, ran):
        self.code = ran.returncode
        self.errors = ran.stderr.decode()
        head, _, self.body = ran.stdout.decode().partition("\r\n\r\n")
        self.head = head
        self.status = int(head.split(" ")[1]) if head else None

    def __str__(self):
        return f"exit code {self.code}, {self.errors!r}, {self.head!r}"


def curl(url, *options):
    return Answer(subprocess.run(
        ["curl", "-sS", "-i", "--cacert", certificate()[0], "--max-time", str(LIMIT), *options, url],
        capture_output=True, stdin=subprocess.DEVNULL, timeout=2 * LIMIT))


def password_file(**users):
    """A file with these users, hashed as `openssl passwd -6` does."""
    path = fresh("passwords")
    lines = []
    for user, password in users.items():
        ran = subprocess.run(["openssl", "passwd", "-6", "-stdin"], input=password.encode(),
                             capture_output=True, check=True, timeout=LIMIT)
        lines.append(f"{user}:{ran.stdout.decode().strip()}\n")
    path.write_text("".join(lines), encoding="utf-8")
    path.chmod(0o600)
    return str(path)


def https(**more):
    return dict(zip(("certificate", "key"), certificate()), address="127.0.0.1:0", **more)


class ExporterCase(DaemonCase):
    def setUp(self):
        self.app = self.backend().serve(echo)

    def serve(self, metrics, **more):
        return self.start(simple(self.app, metrics=metrics, **more))

    def url(self, daemon, path, scheme="https"):
        return f"{scheme}://{daemon.metrics_address()}{path}"


class Https(ExporterCase):
    def test_everything_is_served_in_tls(self):
        daemon = self.serve(https())
        for path in ("/", "/status.json", "/metrics", "/healthz", "/readyz"):
            for version in ("1.2", "1.3"):
                with self.subTest(path=path, version=version):
                    answer = curl(self.url(daemon, path), f"--tlsv{version}", "--tls-max", version)
                    self.assertEqual((answer.code, answer.status), (0, 200), str(answer))
        self.assertIn("ferrule_build_info", curl(self.url(daemon, "/metrics")).body)

    def test_older_versions_and_plain_text_are_refused(self):
        daemon = self.serve(https())
        old = curl(self.url(daemon, "/metrics"), "--tlsv1.0", "--tls-max", "1.1",
                   "--ciphers", "DEFAULT@SECLEVEL=0")
        self.assertEqual((old.code, old.status), (35, None), str(old))
        plain = curl(self.url(daemon, "/metrics", "http"))
        self.assertIsNone(plain.status, str(plain))
        self.assertEqual(curl(self.url(daemon, "/healthz")).status, 200)

    def test_head_has_the_length_of_the_body_and_no_body(self):
        daemon = self.serve(https())
        page = curl(self.url(daemon, "/"))
        head = curl(self.url(daemon, "/"), "--head")
        self.assertEqual((head.code, head.status, head.body), (0, 200, ""), str(head))
        self.assertIn(f"Content-Length: {len(page.body.encode())}", head.head)

    def test_over_a_unix_socket(self):
        path = fresh("metrics.sock")
        daemon = self.serve({**https(), "address": f"unix:{path}"})
        daemon.message("^metrics on unix:")
        answer = curl("https://localhost/metrics", "--unix-socket", str(path))
        self.assertEqual((answer.code, answer.status), (0, 200), str(answer))

    def metrics_client(self, daemon):
        host, _, port = daemon.metrics_address().rpartition(":")
        client = TlsClient((host, int(port))).handshake()
        self.addCleanup(client.close)
        return client

    def test_an_answer_ends_with_close_notify_then_fin(self):
        daemon = self.serve(https())
        client = self.metrics_client(daemon)
        client.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        seen = client.read_until_close_notify()
        client.goodbye()
        seen = client.read_until_end()
        self.assertTrue(bytes(seen.data).endswith(b"\r\n\r\nok\n"), str(seen))
        self.assertEqual((seen.close_notify, seen.end), (True, "FIN"), str(seen))

    def test_a_client_that_uploads_meanwhile_still_gets_its_answer(self):
        daemon = self.serve(https())
        client = self.metrics_client(daemon)
        client.send(b"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30000\r\n\r\n")
        client.read_until_close_notify()
        for _ in range(1000):  # many small pieces, so that an early close is noticed
            self.assertTrue(client.send(b"x" * 30), "the connection was reset meanwhile")
        client.goodbye()
        seen = client.read_until_end()
        self.assertIn(b"405 Method Not Allowed", bytes(seen.data))
        self.assertEqual((seen.close_notify, seen.end), (True, "FIN"), str(seen))

    def test_a_client_that_only_ends_is_answered_in_kind(self):
        daemon = self.serve(https())
        client = self.metrics_client(daemon)
        client.goodbye()
        seen = client.read_until_end()
        self.assertEqual((seen.close_notify, seen.end), (True, "FIN"), str(seen))

    def test_an_idle_connection_gets_a_goodbye_at_the_end_of_the_process(self):
        daemon = self.serve(https())
        client = self.metrics_client(daemon)
        client.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = bytearray()
        while not answer.endswith(b"\r\n\r\nok\n"):
            answer += client.read_exactly(1)
        daemon.signal(signal.SIGTERM)
        seen = client.read_until_end()
        self.assertEqual((seen.close_notify, seen.end), (True, "FIN"), str(seen))
        self.assertEqual(daemon.wait(), 0)

    def test_a_client_that_never_shakes_hands_holds_up_nobody(self):
        daemon = self.serve(https())
        host, _, port = daemon.metrics_address().rpartition(":")
        with socket.create_connection((host, int(port)), timeout=LIMIT):
            self.assertEqual(curl(self.url(daemon, "/healthz")).status, 200)
            self.assertEqual(daemon.stop(), 0)

    def test_a_reload_changes_the_certificate_and_a_bad_one_changes_nothing(self):
        settings = simple(self.app, metrics=https())
        daemon = self.start(settings)

        def served():
            host, _, port = daemon.metrics_address().rpartition(":")
            return ssl.get_server_certificate((host, int(port)))

        def reload(expected, pair):
            settings["metrics"].update(zip(("certificate", "key"), pair))
            daemon.write(settings)
            before = len(daemon.messages)
            daemon.signal(signal.SIGHUP)
            daemon.message(expected, after=before)

        first = served()
        reload("^reload failed", (certificate("other")[0], certificate()[1]))
        self.assertEqual(served(), first)
        reload("^reloaded", certificate("other"))
        with open(certificate("other")[0], encoding="ascii") as file:
            self.assertEqual(served(), file.read())
        reload("^reloaded", ("off", "off"))
        self.assertEqual(daemon.get("/healthz"), (200, "ok\n"))


class Passwords(ExporterCase):
    def test_without_the_right_one_only_the_probes_are_answered(self):
        daemon = self.serve(https(password_file=password_file(prometheus="secret", op="other")))
        for path in ("/", "/status.json", "/metrics", "/nothing"):
            for options in ((), ("-u", "prometheus:wrong"), ("-u", "nobody:secret"),
                            ("-u", "op:secret"), ("-H", "Authorization: Bearer secret"),
                            ("-H", "Authorization: Basic !"), ("-H", "Authorization: Basic c2Vj")):
                with self.subTest(path=path, options=options):
                    answer = curl(self.url(daemon, path), *options)
                    self.assertEqual(answer.status, 401, str(answer))
                    self.assertIn('WWW-Authenticate: Basic realm="Ferrule"', answer.head)
                    self.assertNotIn("ferrule_", answer.body)
        for path in ("/healthz", "/readyz", "/healthz?verbose"):
            self.assertEqual(curl(self.url(daemon, path)).status, 200, path)
        for user in ("prometheus:secret", "op:other"):
            for path in ("/", "/status.json", "/metrics"):
                answer = curl(self.url(daemon, path), "-u", user)
                self.assertEqual(answer.status, 200, str(answer))
        refused = curl(self.url(daemon, "/metrics"), "-u", "op:other").body
        self.assertIn("\nferrule_metrics_unauthorized_total 28\n", refused)
        self.assertNotIn("secret", daemon.log())

    def test_a_reload_changes_them_for_open_connections_as_well(self):
        path = password_file(op="old")
        daemon = self.serve({"address": "127.0.0.1:0", "password_file": path})
        host, _, port = daemon.metrics_address().rpartition(":")

        def status(connection, password):
            token = base64.b64encode(f"op:{password}".encode()).decode()
            connection.sendall(f"GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
                               f"Authorization: Basic {token}\r\n\r\n".encode())
            data = b""
            while b"\r\n\r\n" not in data:
                data += connection.recv(65536)
            head, _, body = data.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            while len(body) < length:
                body += connection.recv(65536)
            return int(head.split()[1])

        with socket.create_connection((host, int(port)), timeout=LIMIT) as connection:
            self.assertEqual(status(connection, "old"), 200)
            os.replace(password_file(op="new"), path)
            daemon.signal(signal.SIGHUP)
            daemon.message("^reloaded")
            self.assertEqual([status(connection, each) for each in ("old", "new")], [401, 200])

    def test_guessing_stops_no_scrape_and_is_slow(self):
        daemon = self.serve(https(password_file=password_file(op="right")))
        url = self.url(daemon, "/metrics")
        self.assertEqual(curl(url, "-u", "op:right").status, 200)
        going_on = threading.Event()
        going_on.set()
        statuses = []

        def guess():
            while going_on.is_set():
                statuses.append(curl(url, "-u", "op:wrong").status)

        guessers = [threading.Thread(target=guess) for _ in range(24)]
        for each in guessers:
            each.start()
        try:
            eventually(lambda: 429 in statuses and 401 in statuses, "some to be turned away")
            for _ in range(5):
                self.assertEqual(curl(url, "-u", "op:right").status, 200)
        finally:
            going_on.clear()
            for each in guessers:
                each.join()
        self.assertEqual(set(statuses), {401, 429})
        self.assertEqual(curl(url, "-u", "op:right").status, 200)

    def test_an_end_while_passwords_wait_is_an_end(self):
        daemon = self.serve(https(password_file=password_file(op="right")))
        url = self.url(daemon, "/metrics")
        guessers = [threading.Thread(target=curl, args=(url, "-u", "op:wrong")) for _ in range(6)]
        for each in guessers:
            each.start()
        self.assertEqual(daemon.stop(), 0)
        for each in guessers:
            each.join()


class Status(ExporterCase):
    def test_it_has_the_endings_that_the_log_leaves_out(self):
        daemon = self.serve({"address": "127.0.0.1:0"}, log={"sessions": "none"})
        client = self.client(daemon.address("web")).handshake()
        client.goodbye()
        client.read_until_end()

        def causes():
            return [each["cause"]
                    for each in json.loads(daemon.get("/status.json")[1])["recent_endings"]]
        eventually(lambda: causes() == ["client_eof"], "the ending")
        self.assertEqual(daemon.sessions, [])


class Prometheus(ExporterCase):
    """The real one, with TLS and a password, as docs/metrics.md shows it."""

    def test_it_scrapes(self):
        self.assertTrue(PROMETHEUS, "prometheus is not installed (packages, section [test])")
        daemon = self.serve(https(password_file=password_file(prometheus="secret")))
        folder = fresh("prometheus")
        folder.mkdir()
        (folder / "password").write_text("secret", encoding="ascii")
        (folder / "prometheus.yml").write_text(f"""
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: ferrule
    scheme: https
    tls_config: {{ca_file: {certificate()[0]}, server_name: localhost}}
    basic_auth: {{username: prometheus, password_file: {folder}/password}}
    static_configs: [{{targets: ["{daemon.metrics_address()}"]}}]
""", encoding="ascii")
        port = free_port()
        log = open(folder / "log", "wb")
        process = subprocess.Popen(
            [PROMETHEUS, f"--config.file={folder}/prometheus.yml",
             f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)

        def value(query):
            ran = subprocess.run(["curl", "-sS", "--get", "--data-urlencode", f"query={query}",
                                  f"http://127.0.0.1:{port}/api/v1/query"], capture_output=True,
                                 timeout=LIMIT, stdin=subprocess.DEVNULL)
            try:
                return [each["value"][1] for each in json.loads(ran.stdout)["data"]["result"]]
            except (ValueError, KeyError):
                return None
        try:
            eventually(lambda: value("up") == ["1"], "Prometheus to scrape", 3 * LIMIT)
            self.assertEqual(value("ferrule_build_info"), ["1"])
        finally:
            process.terminate()
            process.wait(LIMIT)
            log.close()


if __name__ == "__main__":
    unittest.main()
