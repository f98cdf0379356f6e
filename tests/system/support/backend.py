"""The plaintext server behind the daemon, played by a test."""

import contextlib
import os
import socket
import threading

from .tcp import Peer
from .waiting import LIMIT, TookTooLong


class Backend:
    """Listens on a port that the kernel chooses (or on a Unix socket) and hands out connections.

    `listening=False` holds the port without listening: connections are refused until `listen()`.
    `receive_buffer` bounds what the kernel takes for a backend that does not read.
    """

    peer_type = Peer

    def __init__(self, kind="ip4", path=None, listening=True, backlog=512, receive_buffer=None,
                 host="127.0.0.1"):
        family = {"ip4": socket.AF_INET, "ip6": socket.AF_INET6, "unix": socket.AF_UNIX}[kind]
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer is not None:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.bind({"ip4": (host, 0), "ip6": ("::1", 0), "unix": path}[kind])
        self._path = path
        self._peers = []
        self._threads = []
        if kind == "unix":
            self.address = path
            self.text = f"unix:{path}"
        else:
            self.address = self.sock.getsockname()[:2]
            self.text = ("{}:{}" if kind == "ip4" else "[{}]:{}").format(*self.address)
        if listening:
            self.listen(backlog)

    def listen(self, backlog=512):
        self.sock.listen(backlog)
        self.sock.settimeout(LIMIT)

    def accept(self):
        try:
            connection, _ = self.sock.accept()
        except TimeoutError as failure:
            raise TookTooLong(f"no connection to the backend for {LIMIT:g} s") from failure
        peer = self.peer_type(connection)
        self._peers.append(peer)
        return peer

    @contextlib.contextmanager
    def full_queue(self):
        """Its queue (of `backlog=0`) is full: further connections hang."""
        with contextlib.ExitStack() as waiting:
            for _ in range(4):  # the queue takes one more than its size; the kernel drops the rest
                sock = waiting.enter_context(socket.socket())
                sock.setblocking(False)
                sock.connect_ex(self.address)
            yield

    def was_called(self):
        """True if a connection is waiting to be accepted."""
        self.sock.setblocking(False)
        try:
            connection, _ = self.sock.accept()
            connection.close()
            return True
        except BlockingIOError:
            return False
        finally:
            self.sock.settimeout(LIMIT)

    def serve(self, handler):
        """Accepts in the background for as long as the backend is open; `handler(peer)` plays one
        connection in a thread of its own and closes it when it returns."""
        def play(peer):
            try:
                handler(peer)
            except (OSError, AssertionError):
                pass  # the peer left; the test looks at the daemon and at the client
            finally:
                peer.close()

        def accept():
            while True:
                try:
                    connection, _ = self.sock.accept()
                except TimeoutError:
                    continue
                except OSError:
                    return
                threading.Thread(target=play, args=(self.peer_type(connection),), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        self._threads.append(thread)
        return self

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)  # wakes an accept in the background
        except OSError:
            pass
        self.sock.close()
        for peer in self._peers:
            peer.close()
        if self._path:
            try:
                os.unlink(self._path)
            except FileNotFoundError:
                pass


def echo(peer):
    """A handler that returns what comes, and ends when the other side has ended clean."""
    from .tcp import FIN, RST
    while True:
        data = peer.receive()
        if data == RST:
            return
        if data == FIN:
            peer.fin()
            return
        peer.send(data)
