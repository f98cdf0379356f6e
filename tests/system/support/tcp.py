"""One end of a TCP (or Unix) connection, with each ending as a verb of its own.

A receiver on Linux reads what is in its queue before it is told of a reset, so the drivers simply
read until the end. One trap is handled here: a `send` that fails takes the pending error with it,
and the next `recv` then says 0 as if a FIN had come.
"""

import array
import errno
import fcntl
import functools
import hashlib
import socket
import struct
import termios
import time

from .readiness import ready
from .waiting import LIMIT, TookTooLong, eventually

FIN = "FIN"
RST = "RST"

TCP_CLOSE = 7  # tcpi_state: what a connection is in after an RST
CHUNK = 256 * 1024


@functools.lru_cache(maxsize=256)
def pattern(size, seed=0):
    """`size` bytes in which no stretch repeats, so that loss and reordering show."""
    return hashlib.shake_128(b"ferrule %d" % seed).digest(size)


class Observation:
    """What one side saw, in the order in which it came."""

    def __init__(self):
        self.data = bytearray()
        self.events = []
        self.close_notify = False
        self.alert = None  # name of the fatal alert that came
        self.error = None  # a TLS error found by this side itself
        self.end = None  # FIN, RST or None (still open)

    def add_data(self, data):
        self.data += data
        if self.events and isinstance(self.events[-1], int):
            self.events[-1] += len(data)
        else:
            self.events.append(len(data))

    def add(self, event):
        self.events.append(event)

    def __str__(self):
        words = [f"{event} bytes" if isinstance(event, int) else event for event in self.events]
        return ", ".join(words) if words else "nothing"


class Endpoint:
    """A connected stream socket."""

    def __init__(self, sock):
        sock.settimeout(LIMIT)
        self.sock = sock
        self.send_error = None  # errno of the first failed send

    # --- sending and ending ---------------------------------------------------------------------

    def send_raw(self, data):
        """Sends all of `data`; False if the peer is gone. What came before it can still be read."""
        try:
            self.sock.sendall(data)
            return True
        except (ConnectionResetError, BrokenPipeError) as failure:
            self.note_send_error(failure)
            return False
        except TimeoutError as failure:
            raise TookTooLong(f"the peer took no bytes for {LIMIT:g} s") from failure

    def send_until_full(self, data):
        """Sends `data` until nobody takes more for half a second: all buffers on the way are full,
        and stay so, since the last receiver does not read."""
        self._send_until_full([data])

    def _send_until_full(self, pieces):
        self.sock.settimeout(0.5)
        try:
            for piece in pieces:
                self.sock.sendall(piece)
        except TimeoutError:
            return
        finally:
            self.sock.settimeout(LIMIT)
        raise AssertionError("everything was taken")

    def send_bytewise(self, data):
        """Each byte in a segment of its own."""
        if self.sock.family != socket.AF_UNIX:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for index in range(len(data)):
            self.send_raw(data[index:index + 1])

    def settle(self):
        """Waits until the peer's kernel has acknowledged everything that was sent."""
        def is_empty():
            waiting = array.array("i", [0])
            fcntl.ioctl(self.sock, termios.TIOCOUTQ, waiting)
            return waiting[0] == 0
        eventually(is_empty, "the peer's kernel to acknowledge all bytes")

    def fin(self):
        """Ends our direction at the TCP level, and nothing else."""
        self.sock.shutdown(socket.SHUT_WR)

    def rst(self):
        """Resets the connection. What the peer has not acknowledged yet is destroyed."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self):
        """A plain close: FIN, or RST by the kernel if there is unread input."""
        self.sock.close()

    # --- receiving ------------------------------------------------------------------------------

    def note_send_error(self, failure):
        if self.send_error is None:
            self.send_error = failure.errno

    def receive(self, size=CHUNK):
        """Bytes, FIN or RST."""
        try:
            data = self.sock.recv(size)
        except ConnectionResetError:
            return RST
        except BrokenPipeError:
            return FIN
        except TimeoutError as failure:
            raise TookTooLong(f"the peer sent nothing for {LIMIT:g} s, no end either") from failure
        if data:
            return data
        # ECONNRESET from a send: the RST came to an open connection. EPIPE: a FIN had come before.
        return RST if self.send_error == errno.ECONNRESET else FIN

    def has_input(self, seconds):
        """True if bytes or an end arrive within `seconds`."""
        return bool(ready([self.sock], [], seconds)[0])

    def state(self):
        """The kernel's TCP state; TCP_CLOSE after an RST."""
        return self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]

    def wait_until_reset(self):
        """Waits for an RST that comes after a FIN, where `recv` cannot show it any more."""
        eventually(lambda: self.state() == TCP_CLOSE, "an RST after the FIN")


class Peer(Endpoint):
    """A backend's connection: plain bytes."""

    def __init__(self, sock):
        super().__init__(sock)
        self._ahead = b""

    def send(self, data):
        return self.send_raw(data)

    def recv_exactly(self, size):
        """`size` bytes; fails if the end comes before."""
        data = bytearray(self._ahead[:size])
        self._ahead = self._ahead[size:]
        while len(data) < size:
            more = self.receive(size - len(data))
            if more in (FIN, RST):
                raise AssertionError(f"{more} after {len(data)} of {size} bytes")
            data += more
        return bytes(data)

    def recv_until_end(self, chunk=CHUNK, pause=0.0):
        """Reads to FIN or RST; `chunk` and `pause` make a slow reader."""
        seen = Observation()
        if self._ahead:
            seen.add_data(self._ahead)
            self._ahead = b""
        while True:
            more = self.receive(chunk)
            if more in (FIN, RST):
                seen.end = more
                seen.add(more)
                return seen
            seen.add_data(more)
            if pause:
                time.sleep(pause)
