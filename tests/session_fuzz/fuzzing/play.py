"""One random session: what its client and its backend do, step by step, and until both are over."""

import struct
import time

from support.raw_records import ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE
from support.readiness import ready
from support.tcp import FIN, RST, pattern
from support.tls_client import TLS12, TLS13, HandshakeFailed, TlsClient
from support.waiting import LIMIT

from .ends import BackendEnd, connect_client

BYTES = pattern(1 << 20)
USER_CANCELED = b"\x01\x5a"
# A session that shows nothing new for so long has no bound that works: the longest bound of the
# listeners is `deadline`, and the process may be stopped for a moment.
PATIENCE = 2 * LIMIT


class Refused(Exception):
    """The listener takes no connection any more."""


class Play:
    """`dice` decides everything; `slot` lends its listener's address and its backend's socket."""

    def __init__(self, dice, slot):
        self.dice, self.slot = dice, slot
        self.version = dice.choice((TLS12, TLS13))
        self.client = self.backend = None
        self.client_address = None
        self.handshake = None  # what a client saw whose handshake did not succeed, and what it did
        self.line = None
        self.lines_before = slot.lines()
        self.trouble = None

    # --- what the client does ---------------------------------------------------------------------

    def client_sends(self):
        self.client.send(self._some_bytes())

    def backend_sends(self):
        if self.backend and not self.backend.closed and not self.backend.fin_wanted:
            self.backend.send(self._some_bytes())

    def _some_bytes(self):
        size = self.dice.choice((1, 7, 100, 1000, 16384, 16385, 50_000,
                                 self.dice.randrange(1, 400_000)))
        start = self.dice.randrange(0, len(BYTES) - size)
        return BYTES[start:start + size]

    def client_is_odd(self):
        """Something that RFC 8446 or 5246 allows, or leaves open: it may end the session."""
        client, dice = self.client, self.dice
        kind = dice.randrange(6)
        if kind == 0:
            client.send_record(APPLICATION_DATA, b"", "an empty record")
        elif kind == 1 and self.version == TLS13:
            client.act("KeyUpdate")
            for _ in range(dice.choice((1, 2, 40))):
                client.queue(client.records.key_update(dice.random() < 0.3))
        elif kind == 2:
            description = dice.choice((10, 20, 40, 42, 80, 90, 100, 255, dice.randrange(1, 256)))
            client.send_record(ALERT, bytes((1, description)), f"warning {description}")
        elif kind == 3:
            client.send_record(HANDSHAKE, client.records.client_hello(), "a ClientHello")
        elif kind == 4:
            for _ in range(dice.randrange(2, 40)):
                client.send(BYTES[:1])
        else:
            client.send_record(ALERT, USER_CANCELED, "user_canceled")

    def client_breaks_tls(self):
        """Something after which no end can be clean."""
        client, dice = self.client, self.dice
        kind = dice.randrange(8)
        if kind == 0:
            client.fatal_alert(dice.randrange(0, 256))
        elif kind == 1:
            hello = client.records.client_hello()
            client.send_record(HANDSHAKE, hello[:dice.randrange(1, len(hello))],
                               "half a ClientHello", True)
        elif kind == 2:
            size = dice.randrange(1, 70_000)
            message = bytes((dice.randrange(0, 256),)) + struct.pack(">I", size)[1:]
            client.send_record(HANDSHAKE, message + BYTES[:min(size - 1, dice.randrange(0, 400))],
                               "a message that is begun", True)
        elif kind == 3:
            record = bytearray(client.records.record(APPLICATION_DATA, BYTES[:dice.randrange(1, 99)]))
            record[dice.randrange(5, len(record))] ^= 1 << dice.randrange(8)
            client.send_bytes(record, "a flipped bit", True)
        elif kind == 4:
            record = client.records.record(APPLICATION_DATA, BYTES[:1000])
            client.send_bytes(record[:dice.randrange(1, len(record))], "half a record", True)
        elif kind == 5:
            client.send_bytes(dice.randbytes(dice.randrange(5, 300)), "noise", True)
        elif kind == 6:
            client.send_bytes(struct.pack(">BHH", 23, 0x0303, dice.choice((0, 1, 16641, 65535))),
                              "a record of a bad size", True)
        else:
            client.send_record(CHANGE_CIPHER_SPEC if dice.random() < 0.5 else 99, b"\x01",
                               "a record of a wrong type", True)

    def client_ends(self):
        client, kind = self.client, self.dice.randrange(100)
        if kind < 45:
            client.close_notify()
            client.fin()
        elif kind < 55:
            client.close_notify()
        elif kind < 60:
            client.send_record(ALERT, USER_CANCELED, "user_canceled")
            client.close_notify()
            client.close()
        elif kind < 65:
            client.close_notify()
            client.send(BYTES[:100])
        elif kind < 75:
            client.fin()
        elif kind < 85:
            client.rst()
        elif kind < 88:
            client.close()
        # else: silence

    def backend_ends(self):
        backend, kind = self.backend, self.dice.randrange(100)
        if backend is None:
            return
        if kind < 55:
            backend.fin()
        elif kind < 70:
            backend.rst()
        elif kind < 80:
            backend.close()
        # else: silence

    # --- the play -----------------------------------------------------------------------------------

    def run(self):
        dice = self.dice
        if dice.random() < 0.1:
            return self._break_off_the_handshake()
        try:
            buffer = dice.choice((None, None, None, 4096, 65536))
            self.client = connect_client(self.slot.address, self.version, buffer)
        except HandshakeFailed as failure:
            self.handshake = ("an ordinary ClientHello", failure.seen)
            return None
        except ConnectionRefusedError as failure:
            raise Refused from failure
        self.client_address = self.client.sock.getsockname()
        script = [dice.choices((self.client_sends, self.backend_sends, self.pause, self.client_is_odd,
                                self.client_breaks_tls, self.client_stalls, self.backend_stalls),
                               (40, 40, 12, 10, 3, 2, 2))[0] for _ in range(dice.randrange(0, 9))]
        ends = [self.client_ends, self.backend_ends]
        dice.shuffle(ends)
        for step in script + ends[:dice.choice((0, 1, 1, 2, 2))]:
            if self.client.closed and step.__name__.startswith("client"):
                continue
            if step.__name__.startswith("backend") and self.backend is None:
                self.wait(0.3, lambda: self.backend is not None or self.client.is_over)
            step()
            self.pump()
        self.finish()
        return None

    def pause(self):
        self.wait(self.dice.choice((0.001, 0.01, 0.05, 0.3)), lambda: False)

    def client_stalls(self):
        self.client.act("reads no more")
        self.client.reads = False

    def backend_stalls(self):
        if self.backend:
            self.backend.act("reads no more")
            self.backend.reads = False

    def pump(self):
        if self.backend is None:
            connection = self.slot.accept()
            if connection:
                self.backend = BackendEnd(connection)
        moved = self.client.pump() if self.client else False
        return (self.backend.pump() if self.backend else False) or moved

    def wait(self, seconds, until):
        give_up = time.monotonic() + seconds
        while not until():
            moved = self.pump()
            left = give_up - time.monotonic()
            if left <= 0:
                return False
            if not moved:
                self._sleep(min(left, 0.02))
        return True

    def _sleep(self, seconds):
        ends = [end for end in (self.client, self.backend) if end and not end.closed]
        readers = [end.sock for end in ends if end.reads and end.seen.end is None]
        writers = [end.sock for end in ends if end.waiting and end.seen.end is None]
        if self.backend is None and not self.slot.refuses:
            readers.append(self.slot.listening)
        ready(readers, writers, seconds)

    def finish(self):
        """Reads until both are over, answers ends as this session's peers do, and waits for what
        the daemon says of it."""
        react = {end: self.dice.choices(("answers", "says more", "is silent", "resets"),
                                        (70, 10, 15, 5))[0] for end in ("client", "backend")}
        reads_again = time.monotonic() + self.dice.choice((0.05, 0.4, 1.5))
        begun = time.monotonic()
        while True:
            moved = self.pump()
            self._react("client", self.client, react)
            self._react("backend", self.backend, react)
            self.line = self.line or self.slot.line_of(self.client_address, self.lines_before)
            now = time.monotonic()
            if now > reads_again:
                for end in (self.client, self.backend):
                    if end:
                        end.reads = True
            if self.client.is_over and (self.backend is None or self.backend.is_over):
                if self.line or self.slot.is_gone():
                    break
            elif now > begun + 3 and not self.client.closed and self.client.seen.end is None:
                self.client.close()  # both are silent, and nothing bounds a session without an end
            if now > begun + PATIENCE:
                self.trouble = "not over, or not told, after all its bounds"
                break
            if not moved:
                self._sleep(0.01)
        self.pump()

    def _react(self, name, end, react):
        if end is None or end.closed or react.get(name) is None:
            return
        if end.seen.end == RST:
            react[name] = None
            end.close()
        elif end.seen.close_notify or end.seen.end == FIN:
            how, react[name] = react[name], None
            if end.fin_wanted or how == "is silent":
                return
            if how == "resets":
                return end.rst()
            if how == "says more":
                end.send(BYTES[:3000])
            if name == "client":
                end.close_notify()
            end.fin()

    def _break_off_the_handshake(self):
        """A client that never gets to its first byte."""
        dice = self.dice
        try:
            client = TlsClient(self.slot.address, self.version)
        except ConnectionRefusedError as failure:
            raise Refused from failure
        self.client_address = client.sock.getsockname()
        hello = client.client_hello()
        data = dice.choice((b"", hello[:dice.randrange(1, len(hello))], hello, hello + hello,
                            b"GET / HTTP/1.1\r\n\r\n", dice.randbytes(200),
                            b"\x16\x03\x01\x00\x02\x01\x00", b"\x15\x03\x01\x00\x02\x02\x28"))
        end = dice.choice(("FIN", "RST", "close", "silence"))
        client.send_raw(data)
        if dice.random() < 0.5:
            time.sleep(0.01)
        try:
            {"FIN": client.fin, "RST": client.rst, "close": client.close,
             "silence": lambda: None}[end]()
            if end in ("FIN", "silence"):
                client.read_until_end()
        except OSError:
            pass  # it was reset already
        self.handshake = (f"{len(data)} bytes, then {end}", client.seen)
        client.close()
        return None

    def leave(self):
        for end in (self.client, self.backend):
            if end:
                end.close()

    def __str__(self):
        lines = [f"{self.version}, {self.slot}"]
        if self.handshake:
            lines.append(f"  handshake: the client sent {self.handshake[0]}; saw {self.handshake[1]}")
        for name, end in (("client", self.client), ("backend", self.backend)):
            if end:
                lines.append(f"  {name}: {', '.join(end.acts) or 'nothing'}; handed over "
                             f"{end.handed} of {end.queued}; saw {end.seen}"
                             f"{f', {end.in_part()} bytes of a record' if end.in_part() else ''}")
        lines.append(f"  line: {self.line}")
        return "\n".join(lines)
