"""A peer that sends without end, until nobody takes its bytes any more."""

import errno
import threading

from support.readiness import ready
from support.tcp import pattern
from support.tls_client import TlsClient
from support.waiting import LIMIT, TookTooLong

PIECE = pattern(61 * 1024, seed=4)  # no multiple of a record or a segment


def is_beginning(data):
    """True if `data` is what a stream starts with."""
    return bytes(data) == (PIECE * (len(data) // len(PIECE) + 1))[:len(data)]


class Stream:
    """Sends in the background from now on."""

    def __init__(self, endpoint):
        self._endpoint = endpoint
        self._stopping = threading.Event()
        self._error = None  # of the send that failed
        self.handed = 0  # bytes that the sender's kernel may have taken
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stopping.is_set():
            self.handed += len(PIECE)
            data = PIECE
            if isinstance(self._endpoint, TlsClient):
                data = self._endpoint.encrypt(PIECE)
            if not self._send(memoryview(data)):
                return

    def _send(self, data):
        sock = self._endpoint.sock
        while data:
            try:
                if not ready([], [sock], 0.05)[1]:
                    if self._stopping.is_set():
                        return False
                    continue
                data = data[sock.send(data[:64 * 1024]):]
            except (OSError, ValueError) as failure:
                self._error = getattr(failure, "errno", None)
                return False
        return True

    def stop(self):
        """Ends the sending in the middle of a piece; the connection stays as it is."""
        self._stopping.set()
        self._thread.join(LIMIT)
        if self._thread.is_alive():
            raise TookTooLong("a sender did not stop")
        return self

    def met_reset(self):
        """True if an RST ended the sending, and no FIN had come before it (that is EPIPE)."""
        return self._error == errno.ECONNRESET
