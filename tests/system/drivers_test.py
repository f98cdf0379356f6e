#!/usr/bin/env python3
"""The drivers prove themselves: TCP endpoints against each other, the record layer of our own and
the TLS client against real servers (Python's ssl, `openssl s_server`).

A test of the daemon is worth what its drivers can tell apart. No daemon takes part here.
"""

import shutil
import socket
import subprocess
import unittest

from support.backend import Backend, echo
from support.places import certificate
from support.raw_records import ALERT, APPLICATION_DATA, CLOSE_NOTIFY, RawRecords
from support.tcp import FIN, RST, TCP_CLOSE, Peer, pattern
from support.tls_client import TLS12, TLS13, TlsClient, client_context
from support.tls_server import TlsServer
from support.waiting import LIMIT, Background, TookTooLong, eventually

DATA = pattern(300_000)


class Plain(unittest.TestCase):
    """TCP: two endpoints, no TLS."""

    def pair(self, kind="ip4", **options):
        backend = Backend(kind, **options)
        self.addCleanup(backend.close)
        family = {"ip4": socket.AF_INET, "ip6": socket.AF_INET6}[kind]
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.connect(backend.address)
        self.addCleanup(sock.close)
        return Peer(sock), backend.accept()

    def test_a_fin_is_a_fin_and_an_rst_is_an_rst(self):
        for ending, wanted in (("fin", FIN), ("close", FIN), ("rst", RST)):
            with self.subTest(ending=ending):
                left, right = self.pair("ip6" if ending == "fin" else "ip4")
                left.send(b"some bytes")
                left.settle()
                getattr(left, ending)()
                seen = right.recv_until_end()
                self.assertEqual((bytes(seen.data), seen.end), (b"some bytes", wanted))

    def test_bytes_in_the_queue_are_read_before_the_rst(self):
        left, right = self.pair()
        left.send(DATA[:100_000])
        left.settle()
        left.rst()
        seen = right.recv_until_end(chunk=1000)
        self.assertEqual((len(seen.data), seen.end), (100_000, RST))

    def test_an_rst_that_a_send_has_met_is_still_an_rst(self):
        left, right = self.pair()
        left.send(b"answer")
        left.settle()
        left.rst()
        eventually(lambda: right.state() == TCP_CLOSE, "the RST")
        self.assertFalse(right.send(b"x"))
        self.assertFalse(right.send(b"x"))
        seen = right.recv_until_end()
        self.assertEqual((bytes(seen.data), seen.end), (b"answer", RST))

    def test_a_fin_that_an_rst_follows_is_still_a_fin(self):
        left, right = self.pair()
        left.fin()
        eventually(lambda: right.has_input(0), "the FIN")
        left.rst()
        right.wait_until_reset()
        self.assertFalse(right.send(b"x"))
        self.assertEqual(right.recv_until_end().end, FIN)

    def test_a_close_with_unread_input_is_an_rst(self):
        left, right = self.pair()
        right.send(b"unread")
        eventually(lambda: left.has_input(0), "the bytes")
        left.send(b"answer")
        left.settle()
        left.close()
        seen = right.recv_until_end()
        self.assertEqual((bytes(seen.data), seen.end), (b"answer", RST))

    def test_a_backend_that_does_not_listen_refuses_until_it_does(self):
        backend = Backend(listening=False)
        self.addCleanup(backend.close)
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(backend.address, timeout=LIMIT)
        backend.listen()
        socket.create_connection(backend.address, timeout=LIMIT).close()
        backend.accept()

    def test_waiting_has_an_end(self):
        with self.assertRaises(TookTooLong):
            eventually(lambda: False, "nothing", limit=0.1)


class Raw(unittest.TestCase):
    """The record layer of our own."""

    def open(self, version, script):
        server = TlsServer(script, version)
        self.addCleanup(server.close)
        raw = RawRecords(server.address, version)
        self.addCleanup(raw.client.close)
        return raw

    def test_it_speaks_with_a_real_server(self):
        def echo_all(tls, peer):
            while data := tls.recv(1000):
                tls.sendall(data)
        for version in (TLS12, TLS13):
            with self.subTest(version=version):
                raw = self.open(version, echo_all)
                for size in (1, 100, 5000):
                    raw.send(raw.record(APPLICATION_DATA, b""),
                             raw.record(APPLICATION_DATA, DATA[:size]))
                    self.assertEqual(raw.receive_data(size), DATA[:size])
                if version == TLS13:
                    for number in range(10):
                        raw.send(raw.key_update(requested=number % 2 == 0),
                                 raw.record(APPLICATION_DATA, b"%d" % number))
                        self.assertEqual(raw.receive_data(1), b"%d" % number)
                raw.send(raw.record(ALERT, CLOSE_NOTIFY), raw.record(APPLICATION_DATA, b"late"))
                seen = raw.read_until_end()
                self.assertEqual(bytes(seen.data), b"")


class RealServer(unittest.TestCase):
    """`openssl s_server`, with one session after the other."""

    @unittest.skipUnless(shutil.which("openssl"), "needs openssl")
    def test_the_client_and_s_server_agree_on_endings(self):
        certificate_path, key_path = certificate()
        server = subprocess.Popen(
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", certificate_path, "-key",
             key_path, "-rev"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.stdin.close)
        self.addCleanup(server.wait, LIMIT)
        self.addCleanup(server.kill)
        for line in server.stdout:
            if line.startswith("ACCEPT"):
                break
        address = ("127.0.0.1", int(line.rpartition(":")[2]))
        for version in (TLS12, TLS13):
            client = TlsClient(address, context=client_context(version)).handshake()
            client.send(b"hello\n")
            self.assertEqual(client.read_exactly(6), b"olleh\n")
            client.send_close_notify()
            seen = client.read_until_end()
            self.assertEqual(seen.end, FIN, str(seen))
            client.close()

    def test_the_echo_of_the_backend(self):
        backend = Backend().serve(echo)
        self.addCleanup(backend.close)
        peer = Peer(socket.create_connection(backend.address, timeout=LIMIT))
        sending = Background(lambda: peer.send(DATA) and peer.fin())
        seen = peer.recv_until_end()
        sending.result()
        self.assertEqual((bytes(seen.data) == DATA, seen.end), (True, FIN))


if __name__ == "__main__":
    unittest.main()
