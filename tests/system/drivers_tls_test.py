#!/usr/bin/env python3
"""The TLS client of these tests proves itself against Python's own TLS server: it can tell every
way in which a server ends, and can end in every way itself. No daemon takes part here."""

import socket
import ssl
import time
import unittest

from support.tcp import FIN, RST, pattern
from support.tls_client import TLS12, TLS13, HandshakeFailed, TlsClient
from support.tls_server import TlsServer
from support.waiting import LIMIT, Background, eventually

DATA = pattern(300_000)


class Tls(unittest.TestCase):
    """What the client tells apart, for both versions."""

    def each(self, script, play):
        for version in (TLS12, TLS13):
            with self.subTest(version=version):
                server = TlsServer(script, version)
                try:
                    play(version, server)
                finally:
                    server.close()

    def client(self, version, server, **options):
        client = TlsClient(server.address, version, **options)
        self.addCleanup(client.close)
        return client.handshake()

    def test_the_ways_in_which_a_server_can_end(self):
        def clean(tls, peer):
            tls.sendall(DATA)
            try:
                tls.unwrap()
            except ssl.SSLError:
                pass

        def no_fin(tls, peer):
            tls.sendall(DATA)
            tls.setblocking(False)
            try:
                tls.unwrap()
            except ssl.SSLWantReadError:
                pass
            tls.settimeout(LIMIT)
            socket.socket.recv(tls, 100)  # until the client goes

        def bare_fin(tls, peer):
            tls.sendall(DATA)
            socket.socket.shutdown(tls, socket.SHUT_WR)
            socket.socket.recv(tls, 100)

        def reset(tls, peer):
            tls.sendall(DATA)
            peer.settle()
            peer.rst()

        for script, notified, end in ((clean, True, FIN), (bare_fin, False, FIN),
                                      (reset, False, RST)):
            def play(version, server, notified=notified, end=end):
                client = self.client(version, server)
                if notified:
                    closing = Background(client.read_until_close_notify)
                    self.assertTrue(closing.result().close_notify)
                    client.goodbye()
                seen = client.read_until_end()
                self.assertEqual((bytes(seen.data) == DATA, seen.close_notify, seen.end),
                                 (True, notified, end), str(seen))
            self.each(script, play)

        def still_open(version, server):
            client = self.client(version, server)
            seen = client.read_until_close_notify()
            self.assertEqual((seen.close_notify, seen.end), (True, None))
            self.assertFalse(client.has_input(0.1))
            client.close()
        self.each(no_fin, still_open)

    def test_the_ways_in_which_the_client_can_end(self):
        ends = []

        def record(tls, peer):
            got = b""
            try:
                while True:
                    more = tls.recv(10_000)
                    if not more:
                        ends.append((got, "clean"))
                        return
                    got += more
            except ssl.SSLError as failure:
                ends.append((got, failure.reason or "reset"))
            except ConnectionResetError:
                ends.append((got, "reset"))

        def half_record(client):
            record = client.encrypt(b"more")
            client.send_raw(record[:9])
            client.fin()

        def flip(client):
            record = bytearray(client.encrypt(b"more"))
            record[-1] ^= 1
            client.send_raw(bytes(record))

        def reset(client):
            client.settle()
            client.rst()

        for end, wanted in ((lambda client: client.send_close_notify(), "clean"),
                            (lambda client: client.goodbye(), "clean"),
                            (lambda client: client.send_bytewise(client.close_notify()), "clean"),
                            (lambda client: client.fin(), "UNEXPECTED_EOF_WHILE_READING"),
                            (half_record, "UNEXPECTED_EOF_WHILE_READING"),
                            (flip, "DECRYPTION_FAILED_OR_BAD_RECORD_MAC"),
                            (reset, "reset")):
            def play(version, server, end=end, wanted=wanted):
                ends.clear()
                client = self.client(version, server)
                client.send(b"data")
                end(client)
                eventually(lambda: ends, "the server to see an end")
                self.assertEqual(ends, [(b"data", wanted)])
            self.each(record, play)

    def test_the_client_reads_on_after_its_own_close_notify(self):
        def answer(tls, peer):
            while tls.recv(1000):
                pass
            tls.sendall(DATA)
            tls.setblocking(False)
            try:
                tls.unwrap()
            except ssl.SSLWantReadError:
                pass
            socket.socket.shutdown(tls, socket.SHUT_WR)

        def play(version, server):
            for end in (lambda client: client.send_close_notify(), lambda client: client.goodbye()):
                client = self.client(version, server)
                client.send(b"request")
                end(client)
                seen = client.read_until_end()
                self.assertEqual((bytes(seen.data) == DATA, seen.close_notify, seen.end),
                                 (True, True, FIN), f"{seen} {server.errors}")
        self.each(answer, play)

    def test_an_alert_has_a_name(self):
        def read(tls, peer):
            tls.recv(100)

        def flip(version, server):
            client = self.client(version, server)
            record = bytearray(client.encrypt(b"data"))
            record[-1] ^= 1
            client.send_raw(bytes(record))
            seen = client.read_until_end()
            self.assertEqual((seen.alert, seen.close_notify), ("bad_record_mac", False))
        self.each(read, flip)
        server = TlsServer(read, TLS12)
        self.addCleanup(server.close)
        with self.assertRaises(HandshakeFailed) as failed:
            TlsClient(server.address, TLS13).handshake()
        self.assertEqual(failed.exception.seen.alert, "protocol_version")

    def test_the_last_flight_can_be_held_back_and_merged_with_data(self):
        def answer(tls, peer):
            tls.sendall(tls.recv(100))
            tls.recv(100)

        def play(version, server):
            client = TlsClient(server.address, version)
            self.addCleanup(client.close)
            client.handshake(bytewise=True, hold_last_flight=True)
            self.assertEqual(bool(client.unsent), version == TLS13)
            client.send(b"early")
            self.assertEqual(client.read_exactly(5), b"early")
        self.each(answer, play)

    def test_sending_while_reading_does_not_block(self):
        def both(tls, peer):
            got = tls.recv(100)
            sending = Background(tls.sendall, DATA)
            while len(got) < len(DATA):
                got += tls.recv(100_000)
            sending.result()
            tls.sendall(b"same" if got == DATA else b"different")
            tls.setblocking(False)
            try:
                tls.unwrap()
            except ssl.SSLWantReadError:
                pass
            socket.socket.shutdown(tls, socket.SHUT_WR)
            time.sleep(0.1)

        def play(version, server):
            client = self.client(version, server)
            seen = client.send_while_reading(DATA, pause=0.001)
            self.assertEqual(bytes(seen.data[-4:]), b"same", server.errors)
            self.assertEqual((seen.close_notify, seen.end), (True, FIN))
        self.each(both, play)


if __name__ == "__main__":
    unittest.main()
