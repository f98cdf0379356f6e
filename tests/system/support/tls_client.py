"""A TLS client in which TLS records and TCP events are separate verbs.

The TLS engine works on memory; the socket is ours. So a close_notify can be sent without a FIN, a
FIN without a close_notify, half a record, a record with a flipped bit, or an RST at any point, and
what comes back is told apart the same way.
"""

import functools
import socket
import ssl
import threading
import time

from .readiness import ready
from .tcp import CHUNK, FIN, RST, Endpoint, Observation
from .waiting import LIMIT, TookTooLong

TLS12 = "TLSv1.2"
TLS13 = "TLSv1.3"
_versions = {TLS12: ssl.TLSVersion.TLSv1_2, TLS13: ssl.TLSVersion.TLSv1_3}


class HandshakeFailed(AssertionError):
    """The handshake came to an end that is not success; `seen` says which."""

    def __init__(self, seen):
        super().__init__(f"handshake: {seen}")
        self.seen = seen


def client_context(version=None, alpn=None, keylog=None):
    """Any certificate is good: these tests are not about trust."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if version is not None:
        context.minimum_version = context.maximum_version = _versions[version]
    if alpn:
        context.set_alpn_protocols(alpn)
    if keylog:
        context.set_ciphers("ECDHE+AESGCM")
        context.keylog_filename = keylog
    return context


# A context costs milliseconds; sessions are resumed only within one context.
shared_context = functools.lru_cache(maxsize=None)(client_context)


def alert_name(failure):
    """The alert in an OpenSSL reason ("SSLV3_ALERT_BAD_RECORD_MAC"), or None."""
    reason = getattr(failure, "reason", None) or ""
    return reason.partition("ALERT_")[2].lower() or None


class TlsClient(Endpoint):
    """`address` is (host, port) or the path of a Unix socket. Connects; `handshake()` follows."""

    def __init__(self, address, version=None, server_name=None, context=None, session=None,
                 receive_buffer=None):
        self.sent_raw = bytearray()  # first bytes of each direction, for the raw record layer
        self.received_raw = bytearray()
        self.unsent = b""
        family = (socket.AF_UNIX if isinstance(address, str)
                  else socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        sock = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(LIMIT)
        sock.connect(address)
        super().__init__(sock)
        self.seen = Observation()
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._lock = threading.Lock()
        self.engine = (context or shared_context(version)).wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_name, session=session)

    # --- the handshake --------------------------------------------------------------------------

    def client_hello(self):
        """The first flight as bytes, not sent."""
        try:
            self.engine.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return self._outgoing.read()

    def handshake(self, bytewise=False, hold_last_flight=False):
        """Runs the handshake. With `hold_last_flight` our Finished stays behind, to go out in one
        segment with what is sent next."""
        while True:
            try:
                self.engine.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._send_flight(bytewise)
            except ssl.SSLError as failure:
                self._note_failure(failure)
                self._send_flight(bytewise)
                raise HandshakeFailed(self.seen) from failure
            more = self.receive()
            if more in (FIN, RST):
                self._note_end(more)
                raise HandshakeFailed(self.seen)
            self.received_raw += more
            self._incoming.write(more)
        self.unsent = self._outgoing.read()
        self.sent_raw += self.unsent
        if not hold_last_flight:
            self._send_unsent(bytewise)
        return self

    def _send_flight(self, bytewise):
        flight = self._outgoing.read()
        self.sent_raw += flight
        self.unsent = flight
        self._send_unsent(bytewise)

    def _send_unsent(self, bytewise=False):
        data, self.unsent = self.unsent, b""
        if data:
            (self.send_bytewise if bytewise else self.send_raw)(data)

    def raw_input(self):
        """Received bytes that the engine has not looked at (for the raw record layer)."""
        return self._incoming.read()

    # --- sending --------------------------------------------------------------------------------

    def encrypt(self, data):
        """`data` as records, not sent."""
        with self._lock:
            for start in range(0, len(data), CHUNK):
                self.engine.write(data[start:start + CHUNK])
            records, self.unsent = self.unsent + self._outgoing.read(), b""
        return records

    def close_notify(self):
        """Our close_notify as a record, not sent."""
        with self._lock:
            try:
                self.engine.unwrap()
            except (ssl.SSLWantReadError, ssl.SSLSyscallError):
                pass  # it is in the outgoing bytes; reading the peer's is another matter
            records, self.unsent = self.unsent + self._outgoing.read(), b""
        return records

    def send(self, data):
        for start in range(0, len(data), CHUNK):
            if not self.send_raw(self.encrypt(data[start:start + CHUNK])):
                return False
        return True

    def send_until_full(self, data):
        """Encrypted piece by piece: all at once takes a busy machine seconds of silence."""
        self._send_until_full(self.encrypt(data[start:start + CHUNK])
                              for start in range(0, len(data), CHUNK))

    def send_close_notify(self):
        return self.send_raw(self.close_notify())

    def goodbye(self):
        """close_notify and FIN, as a client ends that has nothing more to say."""
        self.send_close_notify()
        try:
            self.fin()
        except OSError:
            pass  # the peer has reset the connection already

    # --- receiving ------------------------------------------------------------------------------

    def read_exactly(self, size):
        """`size` more bytes of application data; fails if an end comes before. What is read here
        is not part of what `read_until_end` reports."""
        while len(self.seen.data) < size:
            if not self._receive_once(CHUNK):
                raise AssertionError(f"{self.seen} while waiting for {size} bytes")
        data = bytes(self.seen.data[:size])
        rest = self.seen.data[size:]
        self.seen.data = bytearray()
        self.seen.events = [event for event in self.seen.events if not isinstance(event, int)]
        if rest:
            self.seen.add_data(rest)
        return data

    def read_until_end(self, chunk=CHUNK, pause=0.0):
        """Reads to FIN or RST, whatever TLS says in between; `chunk` and `pause` (seconds) make a
        slow reader."""
        while self._receive_once(chunk):
            if pause:
                time.sleep(pause)
        return self.seen

    def read_until_close_notify(self):
        """Reads until the peer's close_notify, or its end if there is none."""
        while not self.seen.close_notify and self._receive_once(CHUNK):
            pass
        return self.seen

    def send_while_reading(self, data, chunk=64 * 1024, pause=0.0):
        """Sends `data` and reads at the same time, until the peer ends. Stops sending when the
        peer takes no more, but reads on; `pause` (seconds) after each piece makes a slow reader."""
        outgoing = b""
        position = 0
        self.sock.setblocking(False)
        try:
            while self.seen.end is None:
                if not outgoing and position < len(data) and self.send_error is None:
                    outgoing = self.encrypt(data[position:position + chunk])
                    position += chunk
                want_write = [self.sock] if outgoing and self.send_error is None else []
                readable, writable = ready([self.sock], want_write, LIMIT)
                if not readable and not writable:
                    raise TookTooLong(f"no progress either way for {LIMIT:g} s; saw {self.seen}")
                if writable:
                    try:
                        outgoing = outgoing[self.sock.send(outgoing):]
                    except BlockingIOError:
                        pass
                    except OSError as failure:
                        self.note_send_error(failure)
                if readable:
                    self._receive_once(CHUNK if not pause else 16 * 1024)
                    time.sleep(pause)
        finally:
            self.sock.settimeout(LIMIT)
        return self.seen

    def _receive_once(self, size):
        """Takes one piece from the socket; False once the end has come."""
        if self.seen.end is not None:
            return False
        self._decrypt()
        more = self.receive(size)
        if more in (FIN, RST):
            self._note_end(more)
            return False
        self._incoming.write(more)
        self._decrypt()
        return True

    def _decrypt(self):
        with self._lock:
            if self.seen.close_notify or self.seen.alert or self.seen.error:
                extra = self._incoming.read()
                if extra:
                    self.seen.add(f"{len(extra)} raw bytes after the TLS end")
                return
            try:
                while True:
                    data = self.engine.read(CHUNK)
                    if not data:
                        self._note_close_notify()
                        return
                    self.seen.add_data(data)
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLZeroReturnError:
                self._note_close_notify()
            except ssl.SSLError as failure:
                self._note_failure(failure)

    def _note_close_notify(self):
        self.seen.close_notify = True
        self.seen.add("close_notify")

    def _note_end(self, end):
        self.seen.end = end
        self.seen.add(end)

    def _note_failure(self, failure):
        self.seen.alert = alert_name(failure)
        if self.seen.alert:
            self.seen.add(f"alert {self.seen.alert}")
        else:
            self.seen.error = str(failure.reason or failure)
            self.seen.add(f"TLS error {self.seen.error}")
