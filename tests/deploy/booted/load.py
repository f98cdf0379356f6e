"""Clients that check what they get byte by byte, for as long as the test wants: long transfers, each
followed by the next at once, and short sessions that begin at a steady pace whatever becomes of
those before them."""

import hashlib
import random
import socket
import ssl
import threading
import time

from backends import CONTENT
from service import TLS
from support.tcp import FIN
from support.tls_client import TlsClient

# Longer than anyone waits for a restart: a session that takes this long is broken.
PATIENCE = 150
UPLOAD = hashlib.sha256(CONTENT).hexdigest().encode()


def context():
    """Strict: an end without close_notify is an error. Trusts the certificates that are there now."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for certificate in TLS.glob("*.pem"):
        made.load_verify_locations(certificate)
    made.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    return made


def connect(tls, port=443, host="127.0.0.1"):
    plain = socket.create_connection((host, port), timeout=PATIENCE)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        return tls.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False)
    except BaseException:
        plain.close()
        raise


class Wrong(Exception):
    """Other bytes than those that were sent, or another number of them."""


def read_answer(connection, expected):
    """Reads an HTTP answer to its end, and compares the body as it comes."""
    head = b""
    while b"\r\n\r\n" not in head:
        data = connection.recv(16384)
        if not data:
            raise Wrong("the end in the middle of the head")
        head += data
    head, _, body = head.partition(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n")[0]:
        raise Wrong(f"not 200: {head[:80]}")
    position = 0
    while True:
        if body != expected[position:position + len(body)]:
            raise Wrong(f"other bytes after {position}")
        position += len(body)
        body = connection.recv(65536)
        if not body:
            break
    if position != len(expected):
        raise Wrong(f"a clean end after {position} of {len(expected)} bytes")


def get(tls, path, expected, port=443, host="127.0.0.1"):
    with connect(tls, port, host) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        read_answer(connection, expected)
        connection.unwrap()  # says close_notify; the other's has been seen


def short(tls, port=443, host="127.0.0.1"):
    get(tls, "/short", CONTENT[:4096], port, host)


def download(tls, seconds):
    get(tls, f"/content?rate={len(CONTENT) // seconds}", CONTENT)


def upload(tls, seconds, port=444):
    """Sends in small parts for so long, ends its direction only, and waits for the answer."""
    parts = 2 * seconds
    size = -(-len(CONTENT) // parts)
    client = TlsClient(("127.0.0.1", port), server_name="localhost", context=tls)
    try:
        client.handshake()
        for part in range(parts):
            if not client.send(CONTENT[part * size:(part + 1) * size]):
                raise Wrong(f"reset after {part * size} bytes")
            time.sleep(seconds / parts)
        client.send_close_notify()
        seen = client.read_until_end()
        if bytes(seen.data) != UPLOAD or not seen.close_notify or seen.end != FIN:
            raise Wrong(f"instead of the server's answer: {seen}")
    finally:
        client.close()


class Figures:
    """What became of the sessions; `failures` are (phase, kind, how it failed)."""

    def __init__(self):
        self._lock = threading.Lock()
        self.phase = "start"
        self.succeeded = {"long": 0, "short": 0}
        self.failures = []
        self.open = {"long": 0, "short": 0}

    def session(self, kind, action, *arguments):
        """Whether it succeeded."""
        with self._lock:
            self.open[kind] += 1
            began = self.phase
        failure = None
        try:
            action(*arguments)
        except (OSError, Wrong, AssertionError) as caught:
            failure = f"{type(caught).__name__}: {caught}"
        with self._lock:
            self.open[kind] -= 1
            if failure:
                self.failures.append((f"{began}..{self.phase}", kind, failure))
            else:
                self.succeeded[kind] += 1
        return failure is None

    def of_kind(self, refused):
        return [entry for entry in self.failures
                if entry[2].startswith("ConnectionRefusedError") == refused]


class Load:
    """`long` transfers at a time, and `pace` short sessions a second, until `stop`."""

    def __init__(self, long, pace, shortest=10, longest=18):
        self.figures = Figures()
        self._context = context()
        self._over = threading.Event()
        self._seconds = (shortest, longest)
        threading.stack_size(256 * 1024)
        self._threads = [threading.Thread(target=self._long, args=(number,), daemon=True)
                         for number in range(long)]
        self._starter = threading.Thread(target=self._short, args=(pace,), daemon=True)
        for thread in [*self._threads, self._starter]:
            thread.start()

    def _long(self, number):
        chance = random.Random(number)
        time.sleep(chance.uniform(0, 5))
        while not self._over.is_set():
            action = upload if number % 5 == 0 else download
            seconds = chance.randint(*self._seconds)
            if not self.figures.session("long", action, self._context, seconds):
                self._over.wait(0.5)

    def _short(self, pace):
        begin = time.monotonic()
        started = []
        while not self._over.wait(max(0, begin + len(started) / pace - time.monotonic())):
            thread = threading.Thread(
                target=self.figures.session, args=("short", short, self._context), daemon=True)
            thread.start()
            started.append(thread)
        for thread in started:
            thread.join(PATIENCE)

    def stop(self):
        """Begins nothing more, waits for what is open, and gives the figures."""
        self._over.set()
        for thread in [*self._threads, self._starter]:
            thread.join(2 * PATIENCE)
        return self.figures
