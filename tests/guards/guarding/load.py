"""The load of the guards: whole sessions, messages one at a time, and bulk."""

import random
import socket
import threading

from support.tcp import FIN
from support.tls_client import TlsClient, client_context
from support.waiting import LIMIT

MIB = 1024 * 1024


def listen_below_local_ports():
    """A listener on a port as servers have them: not one of those that the kernel gives to
    connections, for which Ferrule has to ask whether it has met itself."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as text:
        first = int(text.read().split()[0])
    for _ in range(1000):
        try:
            return socket.create_server(("127.0.0.1", random.randrange(1024, first)), backlog=512)
        except OSError:
            continue
    raise AssertionError("no free port below those of connections")


class Server:
    """The plaintext side, with a thread for each connection, in which `play(connection)` is called:
    `echo`, `give` or `receive`."""

    def __init__(self):
        self.play = None
        self.pace = None  # if set, an answer waits until the worker sleeps
        self.accepted = threading.Semaphore(0)
        self._listening = listen_below_local_ports()
        self.text = "127.0.0.1:{}".format(self._listening.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._run, args=(self.play, connection), daemon=True).start()
            self.accepted.release()

    def _run(self, play, connection):
        with connection:
            try:
                play(connection)
            except OSError:
                pass  # the other side has gone; the guard looks at the client and the daemon

    def echo(self, count):
        """Returns each message of `count` bytes."""
        def play(connection):
            while data := exactly(connection, count):
                self._settle()
                connection.sendall(data)
            self._settle()
        return play

    def _settle(self):
        if self.pace:
            self.pace.settle()


def exactly(connection, count):
    """So many bytes, or none at the end."""
    data = bytearray()
    while len(data) < count:
        more = connection.recv(min(count - len(data), MIB))
        if not more:
            return None
        data += more
    return data


def give(count):
    """Sends `count` bytes for each byte that comes."""
    def play(connection):
        data = bytes(count)
        while connection.recv(1):
            connection.sendall(data)
    return play


def receive(count):
    """Answers each `count` bytes with one."""
    def play(connection):
        while exactly(connection, count):
            connection.sendall(b".")
    return play


class Load:
    """Sessions with a daemon whose worker is waited for (see pace.py) before each step."""

    def __init__(self, address, server, pace):
        self.address = address
        self.server = server
        self.pace = pace
        server.pace = pace
        self.context = client_context("TLSv1.3")
        self.ticket = None

    def begin(self, play, resume=False, receive_buffer=None):
        """A session that has its backend, which does what `play` is; nothing is left to do."""
        self.server.play = play
        before = self.pace.sockets()
        client = TlsClient(self.address, context=self.context,
                           session=self.ticket if resume else None,
                           receive_buffer=receive_buffer)
        self.pace.wait_for_sockets(before + 1)
        client.handshake(hold_last_flight=True)
        self.pace.settle()
        if client.engine.session_reused != resume:
            raise AssertionError(f"resumed: {client.engine.session_reused}, and not {resume}")
        client.send_raw(client.encrypt(b""))  # the Finished
        if not self.server.accepted.acquire(timeout=LIMIT):
            raise AssertionError("the daemon did not connect to its backend")
        self.pace.wait_for_sockets(before + 2)
        return client

    def end(self, client):
        """close_notify, then the daemon's own close_notify and FIN, then ours."""
        self.pace.settle()
        before = self.pace.sockets()
        client.send_close_notify()
        seen = client.read_until_end()
        self.pace.settle()
        client.close()
        if not seen.close_notify or seen.end != FIN:
            raise AssertionError(f"the session ended with {seen}")
        self.pace.wait_for_sockets(before - 2)

    def messages(self, client, count, size):
        data = bytes(size)
        for _ in range(count):
            self.pace.settle()
            client.send(data)
            client.read_exactly(size)
        self.pace.settle()

    def whole_sessions(self, count, resume=False):
        for _ in range(count):
            client = self.begin(self.server.echo(64), resume)
            self.messages(client, 1, 64)
            self.ticket = client.engine.session
            self.end(client)

    def download(self, client, count):
        client.send(b"?")
        take(client, count)
        self.pace.settle()

    def upload(self, client, count):
        data = bytes(MIB)
        for _ in range(0, count, MIB):
            client.send(data)
        client.read_exactly(1)
        self.pace.settle()


def take(client, count):
    """As `read_exactly`, without keeping what was read."""
    while count > 0:
        client.read_exactly(min(count, MIB))
        count -= min(count, MIB)
