"""One row at work: a client, the proxy and a backend, each in a network namespace of its own."""

import itertools

from support.backend import Backend
from support.readiness import ready
from support.scene import Scene
from support.tcp import CHUNK, FIN, RST, Observation, pattern
from support.waiting import LIMIT, eventually

from . import sockets
from .network import Wire
from .stream import Stream, is_beginning

RECORD = 16 * 1024  # of a record that came only in part, the client has nothing

_numbers = itertools.count(1)


def ends_of(endpoint):
    """The connection of a peer as the proxy sees it: its own address, the peer's."""
    return endpoint.sock.getpeername(), endpoint.sock.getsockname()


class FaultScene(Scene):
    def __init__(self, row, version):
        number = next(_numbers)
        self.client_wire = Wire("c", number)
        self.backend_wire = Wire("b", number)
        super().__init__(row, version)
        self.listen_on = f"{self.client_wire.proxy}:0"
        self.arrived = {"to_client": None, "to_backend": None}  # plaintext bytes, as received
        self.streams = {}
        self.before_drain = None

    def make_backend(self):
        with self.backend_wire.inside():
            return Backend(host=self.backend_wire.peer, **self.row.server)

    def client(self, **options):
        with self.client_wire.inside():
            return super().client(**options)

    def exchange(self, size=1000, **options):
        """A session that has carried a request and its answer, all acknowledged."""
        client, peer = self.connect(**options)
        for source, sink in ((client.send, peer.recv_exactly), (peer.send, client.read_exactly)):
            source(pattern(size))
            self.check(sink(size) == pattern(size), "other bytes came than were sent")
        self.arrived = {"to_client": size, "to_backend": size}
        self.settle(client, peer)
        return client, peer

    def stream(self, way, endpoint):
        """Lets a peer send as much as it can from now on."""
        self.streams[way] = Stream(endpoint)
        return self.streams[way]

    # --- the daemon's sockets -------------------------------------------------------------------

    @staticmethod
    def settle(*endpoints):
        """Waits until all that was sent, by these and to these, is acknowledged: kernels put that
        off for a moment."""
        for each in endpoints:
            each.settle()
            eventually(lambda each=each: sockets.unacknowledged(*ends_of(each)) == 0,
                       "an acknowledgement of what the proxy sent")

    def hasten_keepalive(self, endpoint, configured=sockets.LONG):
        sockets.hasten_keepalive(self.daemon.process.pid, *ends_of(endpoint), configured)

    def hasten_retransmission(self, endpoint):
        sockets.hasten_retransmission(self.daemon.process.pid, *ends_of(endpoint))

    # --- what came ------------------------------------------------------------------------------

    def count(self, way, seen, stream=False):
        """Adds the bytes that a receiver has got in the end."""
        if stream:
            self.check(is_beginning(seen.data), f"{way}: other bytes came than were sent")
        self.note(f"{way}: saw {seen}")
        self.arrived[way] = (self.arrived[way] or 0) + len(seen.data)

    def left_behind(self, client):
        """What a client that was cut off has got by now; nothing more can come."""
        while client.seen.end is None and ready([client.sock], [], 0)[0]:
            client._receive_once(CHUNK)
        self.client_has_no_end(client.seen)
        return client.seen

    def left_behind_backend(self, peer):
        seen = Observation()
        while ready([peer.sock], [], 0)[0]:
            more = peer.receive()
            if more in (FIN, RST):
                seen.end = more
                seen.add(more)
                break
            seen.add_data(more)
        self.check(seen.end is None, f"the backend saw {seen}")
        return seen

    def client_has_no_end(self, seen):
        self.check(seen.end is None and not seen.close_notify, f"the client saw {seen}")

    def sees_reset(self, seen):
        """The truth for a client that does not get all: RST, and no goodbye before it."""
        end = self._end("to_backend", seen)
        self.check(end == RST and not seen.close_notify, f"the client saw {seen}")
        self.note(f"the client saw {seen}")
        return seen

    def backend_sees_reset(self, peer, **options):
        seen = peer.recv_until_end(**options)
        self.check(self._end("to_client", seen) == RST, f"the backend saw {seen}")
        self.note(f"the backend saw {seen}")
        return seen

    def _end(self, way, seen):
        """How a connection ended on which this side was still sending. The reset may have been
        told to its sending thread; then reading says FIN, and the thread knows better."""
        stream = self.streams.get(way)
        if seen.end == FIN and stream and stream.stop().met_reset():
            return RST
        return seen.end

    # --- the account ----------------------------------------------------------------------------

    def check_account(self, line):
        """What the log calls delivered has come, and what has not come is called lost or
        unconfirmed (E6)."""
        for way, stream in self.streams.items():
            read, handed = line[f"{way}_bytes"], stream.handed
            self.check(read <= handed, f"{way}: {read} bytes read of {handed} that were sent")
        for way, came in self.arrived.items():
            if came is None:
                continue
            read, lost = line[f"{way}_bytes"], line[f"lost_{way}_bytes"]
            unclear = RECORD if way == "to_client" and lost else 0
            told = f"{way}: {read} bytes read, {lost} lost, {came} came"
            self.check(came <= read, told)
            self.check(came == read or line["outcome"] in ("unconfirmed", "lost"), told)
            # The kernel's word that it has given a peer up leaves open what had arrived; so does
            # a connection that was let go with both ends said, on which it goes on sending.
            unconfirmed = line[f"unconfirmed_{way}_bytes"]
            if unconfirmed:
                self.check(line[f"{way[3:]}_act"] in ("gone", "exchanged"),
                           f"{unconfirmed} unconfirmed: {told}")
                unclear = RECORD if way == "to_client" else 0
                self.check(came + lost <= read, told)
            self.check(read - lost - unconfirmed <= came + unclear,
                       f"{told}, {unconfirmed} unconfirmed")

    def _check_metrics(self, lines):
        for line in lines:
            self.check_account(line)
        if self.before_drain is None:  # else the daemon is gone
            super()._check_metrics(lines)

    # --- the end --------------------------------------------------------------------------------

    def drain(self):
        """The daemon is told to stop, once all rows of the chapter have come to this."""
        self.before_drain.wait(2 * LIMIT)

    def _close(self):
        super()._close()
        for wire in (self.client_wire, self.backend_wire):
            wire.close()
