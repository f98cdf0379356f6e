"""The two ends of a fuzzed session: sockets that never block, and what each has truly said.

What a peer *said* is what counts in the end: plain bytes in whole records, and whether its clean end
has left for the kernel behind them with nothing before it that breaks the protocol.
"""

import errno
import socket
import struct

from support.raw_records import (ALERT, APPLICATION_DATA, CLOSE_NOTIFY, HANDSHAKE, BadRecord,
                                 RawRecords)
from support.tcp import FIN, RST, Observation


class End:
    """Bytes that wait to be sent, the ends that wait behind them, and what came."""

    def __init__(self, sock):
        self.sock = sock
        sock.setblocking(False)
        self.seen = Observation()
        self.acts = []  # for the report
        self.reads = True
        self.waiting = bytearray()
        self.queued = 0  # bytes ever put into `waiting`
        self.handed = 0  # of these, taken by the kernel
        self.fin_wanted = False
        self.fin_sent = False
        self.was_reset = False  # by us
        self.closed = False
        self._send_error = None

    def act(self, text):
        self.acts.append(text)

    def queue(self, data):
        self.waiting += data
        self.queued += len(data)

    @property
    def is_over(self):
        return self.closed or self.seen.end is not None

    @property
    def ended_tcp(self):
        """True if this side has ended its connection in any way."""
        return self.closed or self.fin_sent

    def pump(self):
        """Sends and receives what the kernel takes and has; True if anything moved."""
        if self.closed:
            return False
        moved = self._send()
        while self.reads and self.seen.end is None:
            more = self._receive()
            if more is None:
                break
            moved = True
            if more in (FIN, RST):
                self.take_end(more)
            else:
                self.take(more)
        return moved

    def take_end(self, end):
        self.seen.end = end
        self.seen.add(end)

    def take(self, data):
        self.seen.add_data(data)

    def in_part(self):
        """Bytes that came and that nobody can read yet."""
        return 0

    def _send(self):
        moved = False
        while self.waiting and self._send_error is None:
            try:
                count = self.sock.send(self.waiting[:256 * 1024])
            except BlockingIOError:
                break
            except OSError as failure:
                self._send_error = failure.errno
                break
            del self.waiting[:count]
            self.handed += count
            moved = True
        if self.fin_wanted and not self.waiting and not self.fin_sent:
            try:
                self.sock.shutdown(socket.SHUT_WR)
                self.fin_sent = moved = True
            except OSError:
                self.fin_wanted = False  # the connection is gone
        return moved

    def _receive(self):
        try:
            data = self.sock.recv(256 * 1024)
        except BlockingIOError:
            return None
        except ConnectionResetError:
            return RST
        except BrokenPipeError:
            return FIN
        if data:
            return data
        # A failed send has taken the error away: ECONNRESET says that an RST came.
        return RST if self._send_error == errno.ECONNRESET else FIN

    # --- ends -----------------------------------------------------------------------------------

    def fin(self):
        self.act("FIN")
        self.fin_wanted = True

    def rst(self):
        self.act("RST")
        self.was_reset = True
        self._close(linger=struct.pack("ii", 1, 0))

    def close(self):
        self.act("close")
        self._close()

    def _close(self, linger=None):
        if not self.closed:
            self.closed = True
            if linger:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.sock.close()


class BackendEnd(End):
    """Plain bytes: all that was handed to the kernel is said, and a FIN is the clean end of it."""

    def __init__(self, sock):
        super().__init__(sock)
        self.said = bytearray()

    def send(self, data):
        self.act(f"sends {len(data)}")
        self.said += data
        self.queue(data)

    @property
    def is_clean(self):
        """A plain close may have become a FIN or an RST: it is given the benefit of the doubt."""
        return self.fin_sent or (self.closed and not self.was_reset and not self.waiting)


class ClientEnd(End):
    """A TLS session whose records are ours (RawRecords) from the end of the handshake on."""

    def __init__(self, records):
        self.records = records
        super().__init__(records.client.sock)
        self._send_error = records.client.send_error  # of the last flight of the handshake
        self.said = bytearray()  # what stands before the close_notify, if any
        self.spoiled = None  # what broke the protocol
        self.has_alerted = False
        self._clean_at = None  # where in `queued` our close_notify ends
        self._unparsed = bytearray(records.take_pending())
        self._parse()

    def send(self, data):
        self.act(f"sends {len(data)}")
        if self._clean_at is None:
            self.said += data
        for start in range(0, len(data), 16384):
            self.queue(self.records.record(APPLICATION_DATA, data[start:start + 16384]))

    def send_record(self, kind, data, text, spoils=False):
        self.send_bytes(self.records.record(kind, data), text, spoils)

    def send_bytes(self, data, text, spoils=False):
        self.act(text)
        if spoils and self._clean_at is None and self.spoiled is None:
            self.spoiled = text
        self.queue(data)

    def fatal_alert(self, description):
        """Not close_notify, and not user_canceled, of which no level makes an error in TLS 1.3
        (RFC 8446, section 6)."""
        self.has_alerted = True
        self.send_record(ALERT, bytes((2, 40 if description in (0, 90) else description)),
                         "a fatal alert", True)

    def close_notify(self):
        self.act("close_notify")
        self.queue(self.records.record(ALERT, CLOSE_NOTIFY))
        if self._clean_at is None and self.spoiled is None:
            self._clean_at = self.queued

    @property
    def is_clean(self):
        return self._clean_at is not None and self.handed >= self._clean_at

    def take(self, data):
        self._unparsed += data
        self._parse()

    def in_part(self):
        return len(self._unparsed)

    def _parse(self):
        try:
            for kind, data in self.records.parse(self._unparsed):
                self._take_record(kind, data)
        except BadRecord as failure:
            self.seen.error = str(failure)
            self.seen.add(f"bad record: {failure}")
            self._unparsed.clear()

    def _take_record(self, kind, data):
        seen = self.seen
        if seen.close_notify or seen.alert:
            seen.error = f"record of type {kind} behind the TLS end"
            seen.add(seen.error)
        elif kind == APPLICATION_DATA:
            seen.add_data(data)
        elif kind == ALERT and data == CLOSE_NOTIFY:
            seen.close_notify = True
            seen.add("close_notify")
        elif kind == ALERT and data[0] == 2:
            seen.alert = str(data[1])
            seen.add(f"alert {data[1]}")
        elif kind not in (ALERT, HANDSHAKE):
            seen.error = f"record of type {kind}"
            seen.add(seen.error)


def connect_client(address, version, receive_buffer):
    """A client whose handshake is done; raises HandshakeFailed if it does not come about."""
    return ClientEnd(RawRecords(address, version, receive_buffer=receive_buffer))
