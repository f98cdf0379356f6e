#!/usr/bin/env python3
"""The drivers prove themselves: against each other, Python's own TLS server and `openssl s_server`.

A test of the daemon is worth what its drivers can tell apart. No daemon takes part here.
"""

import shutil
import socket
import ssl
import subprocess
import time
import unittest

from support.backend import Backend, echo
from support.places import certificate
from support.raw_records import ALERT, APPLICATION_DATA, CLOSE_NOTIFY, RawRecords
from support.tcp import FIN, RST, Peer, pattern
from support.tls_client import TLS12, TLS13, HandshakeFailed, TlsClient, client_context
from support.waiting import LIMIT, Background, TookTooLong, eventually

DATA = pattern(300_000)


class TlsServer(Backend):
    """Python's TLS on top of the scripted backend; `script(tls, peer)` plays one connection."""

    def __init__(self, script, version=None):
        super().__init__()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate())
        context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        if version == TLS12:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.errors = []

        def play(peer):
            tls = context.wrap_socket(peer.sock, server_side=True, suppress_ragged_eofs=False)
            peer.sock = tls
            try:
                script(tls, peer)
            except Exception as failure:
                self.errors.append(failure)
        self.serve(play)


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
        eventually(lambda: right.state() == 7, "the RST")
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
