"""Sessions that end while the proxy is reloaded, or after it was told to stop gracefully.

Each has a process of its own. `it.daemon.running.operate` sends the signal that the manual of the
proxy names for it.
"""

import dataclasses

from support.rows import Chapter, Ends, Row
from support.tcp import RST, pattern

chapter = Chapter("reload and drain")
ENDS = Ends(None, None, None, None)
REQUEST, HALF = pattern(1000, seed=1), pattern(500_000, seed=2)


@dataclasses.dataclass
class OperationRow(Row):
    operation: str = ""
    process: dict = dataclasses.field(default_factory=dict)  # options of the whole process


def row(id, title, operation, **fields):
    def add(play):
        chapter.rows.append(OperationRow(id=id, title=title, operation=operation, ends=ENDS,
                                         play=play, **fields))
        return play
    return add


def transfer(it):
    client, peer = it.connect()
    client.send(REQUEST)
    peer.recv_exactly(len(REQUEST))
    peer.send(HALF)
    it.check(client.read_exactly(len(HALF)) == HALF, "the first half differs")
    it.daemon.running.operate(it.row.operation)
    sending = it.background(lambda: peer.send(HALF) and peer.fin())
    it.client_saw(client.read_until_end(), HALF, close_notify=True)
    sending.result()
    client.goodbye()
    it.backend_saw(peer.recv_until_end())


def half_closed(it):
    client, peer = it.connect()
    client.send(REQUEST)
    client.send_close_notify()
    it.backend_saw(peer.recv_until_end(), REQUEST)
    it.daemon.running.operate(it.row.operation)
    sending = it.background(lambda: peer.send(HALF) and peer.fin())
    it.client_saw(client.read_until_end(), HALF, close_notify=True)
    sending.result()


def reset(it):
    client, peer = it.connect()
    peer.send(REQUEST)
    it.check(client.read_exactly(len(REQUEST)) == REQUEST, "the first bytes differ")
    it.daemon.running.operate(it.row.operation)
    peer.send(HALF)
    peer.settle()
    peer.rst()
    it.client_saw(client.read_until_end(), HALF, end=RST)


def truncated(it):
    client, peer = it.connect()
    client.send(REQUEST)
    it.check(peer.recv_exactly(len(REQUEST)) == REQUEST, "the request differs")
    it.daemon.running.operate(it.row.operation)
    client.send(HALF)
    client.fin()
    it.backend_saw(peer.recv_until_end(), HALF, end=RST)


for _number, (_operation, _when) in enumerate(
        [("reload", "the proxy is reloaded"), ("drain", "the proxy is told to stop gracefully")]):
    row(f"O{4 * _number + 1}", "a transfer goes on to its clean end", _operation,
        given=f"in the middle of a transfer {_when}; the backend sends the rest and ends; the "
              "client says goodbye",
        client="all bytes, close_notify, FIN", backend="FIN")(transfer)
    row(f"O{4 * _number + 2}", "a half-closed session gets its answer", _operation,
        given=f"the client sends a request and a close_notify; {_when}; the backend answers and "
              "ends",
        client="all bytes, close_notify, FIN", backend="all bytes, FIN")(half_closed)
    row(f"O{4 * _number + 3}", "a backend's reset stays one", _operation,
        given=f"{_when} in the middle of a transfer; the backend sends more, then RST",
        client="all bytes, RST; no close_notify", backend="-")(reset)
    row(f"O{4 * _number + 4}", "a client that is cut off stays cut off", _operation,
        given=f"{_when} in the middle of an upload; the client sends more, then FIN without "
              "close_notify",
        client="-", backend="all bytes, RST")(truncated)
