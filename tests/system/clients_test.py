#!/usr/bin/env python3
"""Real clients of several TLS stacks, and a real server behind: P1 (a backend's reset is noticed)
and P3 (a clean end makes nobody complain)."""

import hashlib
import subprocess
import unittest

from support.case import DaemonCase, simple
from support.places import certificate, fresh, is_sanitized
from support.programs import CLIENTS, NGINX, Nginx
from support.rows import Ends, outcome_without_loss
from support.tcp import pattern
from support.tls_client import TLS12, TLS13
from support.waiting import LIMIT, Background

BIG = (20 if is_sanitized() else 100) * 1000 * 1000
MODERATE = 2 * 1000 * 1000
BODY = pattern(100_000)
VERSIONS = (TLS12, TLS13)
HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Clients(DaemonCase):
    def each_client(self, play):
        """`play(name, client, version)` for each client and version, the clients side by side."""
        self.assertIn("curl", CLIENTS)
        for version in VERSIONS:
            running = [(name, Background(play, name, client, version))
                       for name, client in CLIENTS.items()]
            for name, run in running:
                with self.subTest(client=name, version=version):
                    run.result()


@unittest.skipUnless(NGINX, "needs nginx")
class BehindNginx(Clients):
    def setUp(self):
        self.nginx = Nginx()
        self.addCleanup(self.nginx.close)
        self.daemon = self.start(simple(self.nginx, workers=2))
        self.port = self.daemon.address("web")[1]

    def lost_nothing(self, count):
        """However a client leaves once it has its answer: all bytes have been delivered. Some leave
        as soon as they have counted Content-Length, by a FIN without close_notify or by a reset."""
        causes = {"client_eof", "backend_eof", "client_truncated", "client_reset"}
        for line in self.daemon.session("web", count=count):
            self.assertIn(line["cause"], causes, line)
            self.assertIn(line["second"], causes | {None}, line)
            # One that leaves by a reset may have taken bytes without acknowledging them.
            allowed = {outcome_without_loss(*(line[word] for word in Ends.WORDS))}
            if line["client_act"] == "gone":
                allowed.add("unconfirmed")
            self.assertIn(line["outcome"], allowed, line)

    def test_small_pages_with_the_connection_kept_and_closed(self):
        (self.nginx.www / "small").write_bytes(b"a small page\n")

        def get(name, client, version):
            for path in ("/small", "/close/small"):
                answer = client(self.port, path, version)
                self.assertTrue(answer.is_content, f"{name} {path}: {answer}")
                self.assertEqual(answer.body, b"a small page\n")
        self.each_client(get)
        self.lost_nothing(len(CLIENTS) * 4)

    def test_a_large_download(self):
        content = pattern(BIG)
        wanted = {}
        for path, body in (("large", content), ("moderate", content[:MODERATE])):
            (self.nginx.www / path).write_bytes(body)
            wanted[path] = sha256(body)

        def get(name, client, version):
            # gnutls-cli writes its output byte by byte.
            path = "moderate" if name == "gnutls-cli" else "large"
            answer = client(self.port, f"/close/{path}", version)
            self.assertTrue(answer.is_content, f"{name}: {answer}")
            self.assertEqual(sha256(answer.body), wanted[path], f"{name}: {answer}")
        self.each_client(get)
        self.lost_nothing(len(CLIENTS) * 2)

    def test_a_large_upload(self):
        source = fresh("upload")
        source.write_bytes(pattern(BIG, seed=1))
        wanted = sha256(source.read_bytes())

        def put(name, client, version):
            answer = client(self.port, f"/up/{name}-{version}", version, upload=source)
            self.assertTrue(answer.is_content, f"{name}: {answer}")
            stored = self.nginx.www / "up" / f"{name}-{version}"
            self.assertEqual(sha256(stored.read_bytes()), wanted, f"{name}: {answer}")
            stored.unlink()
        self.each_client(put)
        self.lost_nothing(len(CLIENTS) * 2)
        self.assertNotIn("[error]", self.nginx.errors())


class BodiesUntilTheEnd(Clients):
    """An answer without Content-Length: how the stream ends is all that says if it is whole."""

    def begin(self, ending):
        def answer(peer):
            request = b""
            while b"\r\n\r\n" not in request:
                request += peer.receive()
            peer.send(HEAD + BODY)
            peer.settle()
            if ending == "rst":
                peer.rst()
            else:
                peer.fin()
                peer.recv_until_end()
        return self.start(simple(self.backend().serve(answer)))

    def test_a_clean_end_is_the_end_of_the_body(self):
        daemon = self.begin("fin")

        def get(name, client, version):
            answer = client(daemon.address("web")[1], "/", version)
            self.assertTrue(answer.is_content, f"{name}: {answer}")
            self.assertEqual(answer.body, BODY, f"{name}: {answer}")
        self.each_client(get)
        for line in daemon.session("web", count=2 * len(CLIENTS)):
            said = "clean" if line["second"] == "client_eof" else "cut"
            self.assertEqual((line["cause"], line["outcome"]), ("backend_eof", said), line)

    def test_a_reset_is_noticed_by_every_client(self):
        daemon = self.begin("rst")

        def get(name, client, version):
            answer = client(daemon.address("web")[1], "/", version)
            self.assertFalse(answer.is_content, f"{name}: {answer}")
            self.assertTrue(BODY.startswith(answer.body), f"{name}: {answer}")
        self.each_client(get)
        for line in daemon.session("web", count=2 * len(CLIENTS)):
            self.assertEqual((line["cause"], line["client_act"]), ("backend_reset", "reset"), line)


class SClientCommands(DaemonCase):
    """`openssl s_client` by hand: its commands for renegotiation and key updates."""

    def begin(self, *options):
        self.app = self.backend()
        daemon = self.start(simple(self.app))
        certificate_path, _ = certificate()
        process = subprocess.Popen(
            ["openssl", "s_client", "-connect", "127.0.0.1:%d" % daemon.address("web")[1],
             "-CAfile", certificate_path, *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(process.wait, LIMIT)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        peer = self.app.accept()
        peer.send(b"welcome\n")  # the handshake is done once this has been printed
        self.read_until(process, b"welcome")
        return daemon, process, peer

    def read_until(self, process, text):
        def read():
            output = b""
            while text not in output:
                more = process.stdout.read1(4096)
                assert more, f"no {text} in {output!r}"
                output += more
            return output
        return Background(read).result()

    def command(self, process, letter):
        """A command is a letter at the beginning of what one read from stdin returns."""
        process.stdin.write(letter + b"\n")
        process.stdin.flush()

    def test_a_renegotiation_is_refused(self):
        daemon, process, peer = self.begin("-tls1_2")
        self.command(process, b"R")
        # OpenSSL's client does not go on without what it asked for; R133 has one that does.
        output = self.read_until(process, b"no renegotiation")
        self.assertIn(b"RENEGOTIATING", output)
        process.stdin.close()
        self.assertEqual(peer.recv_until_end().end, "RST")
        self.assertEqual(daemon.session("web")["cause"], "tls_error")

    def test_key_updates_and_data_in_turn(self):
        daemon, process, peer = self.begin("-tls1_3")
        for number in range(30):
            self.command(process, b"K" if number % 2 else b"k")
            self.read_until(process, b"KEYUPDATE")
            process.stdin.write(b"line %d\n" % number)
            process.stdin.flush()
            line = b"line %d\n" % number
            self.assertEqual(peer.recv_exactly(len(line)), line)
            peer.send(line)
            self.read_until(process, line)
        process.stdin.close()
        peer.recv_until_end()
        peer.close()
        line = daemon.session("web")
        self.assertEqual((line["cause"], line["outcome"]), ("client_eof", "clean"))


if __name__ == "__main__":
    unittest.main()
