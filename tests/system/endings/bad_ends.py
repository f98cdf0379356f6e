"""One side ends badly. No abort may be read as a clean end, and no byte that was read may be lost
on the way to a side that still takes it."""

from support.rows import Chapter, Ends
from support.tcp import RST, pattern

from .clean_ends import BULK, MIB, REQUEST, counts

chapter = Chapter("bad ends")
row = chapter.row
DATA = pattern(100_000)
BACKEND_RESET = Ends("backend_reset", None, "reset", "gone", first_end="backend")
CUT_OR_WORSE = {"cut", "unconfirmed", "lost"}


SLACK = 64 * 1024  # a record that came in part, and bytes that came but were not acknowledged


def loses(direction):
    """Bytes were lost, and the log counts them: what was read and has not arrived (E6)."""
    def check(it, line):
        lost = line[f"lost_{direction}_bytes"]
        missing = line[f"{direction}_bytes"] - it.received[direction.removeprefix("to_")]
        it.check(lost > 0, "the log says that nothing was lost")
        it.check(abs(lost - missing) <= SLACK, f"{missing} bytes are missing, the log says {lost}")
    return check


# --- the backend ----------------------------------------------------------------------------------

@row("R20", "a backend's reset in mid-stream is never a clean end for the client",
     given="the backend sends 100 000 bytes, then RST",
     client="all bytes, RST; no close_notify", backend="-",
     ends=BACKEND_RESET, check_log=counts(0, 100_000))
def backend_reset(it):
    client, peer = it.connect()
    peer.send(DATA)
    peer.settle()
    peer.rst()
    it.client_saw(client.read_until_end(), DATA, end=RST)


@row("R21", "a backend's reset does not destroy what a slow client has still to get",
     given="the backend sends 1 MiB, then RST; the client has a small window and starts reading "
           "only now",
     client="all bytes, RST; no close_notify", backend="-", ends=BACKEND_RESET)
def backend_reset_slow_client(it):
    client, peer = it.connect(receive_buffer=32 * 1024)
    data = pattern(MIB)
    peer.send(data)
    peer.settle()
    peer.rst()
    it.client_saw(client.read_until_end(chunk=32 * 1024, pause=0.002), data, end=RST)


@row("R22", "a backend that resets before its first byte is not an empty answer",
     given="the backend reads the request and resets",
     client="RST; no close_notify", backend="all bytes",
     ends=BACKEND_RESET, check_log=counts(1000, 0))
def backend_reset_before_answer(it):
    client, peer = it.connect()
    client.send(REQUEST)
    peer.recv_exactly(len(REQUEST))
    peer.rst()
    it.client_saw(client.read_until_end(), end=RST)


@row("R27", "a backend that resets at once",
     given="the backend accepts and resets; whether the proxy has seen the connection come up by "
           "then is a matter of luck",
     client="RST; no close_notify", backend="-", check_log=counts(0, 0),
     ends=Ends({"backend_reset", "no_backend"}, None, "reset", {"gone", "none"}),
     metrics={"resets backend in": {0, 1}})
def backend_reset_at_once(it):
    client, peer = it.connect()
    peer.rst()
    it.client_saw(client.read_until_end(), end=RST)


@row("R23", "a backend that resets in the middle of an upload",
     given="the client uploads 4 MB; the backend takes some, answers with 1000 bytes, then RST",
     client="all bytes, RST; no close_notify", backend="-",
     ends=Ends("backend_reset", None, "reset", "gone", outcome=CUT_OR_WORSE))
def backend_reset_during_upload(it):
    client, peer = it.connect()
    uploading = it.background(client.send_while_reading, pattern(4_000_000))
    peer.recv_exactly(100_000)
    peer.send(REQUEST)
    peer.settle()
    peer.rst()
    it.client_saw(uploading.result(), REQUEST, end=RST)


TRIES = 30


@row("R24", "the answer of a backend that closes with unread input arrives, every time",
     given="30 times: the client uploads 4 MB; the backend reads 1000 bytes, answers `413` with "
           "2000 bytes and closes, so its kernel sends RST",
     client="all bytes, RST; no close_notify", backend="-", sessions=TRIES,
     ends=Ends("backend_reset", None, "reset", "gone", outcome=CUT_OR_WORSE))
def refused_upload(it):
    upload, answer = pattern(4_000_000), pattern(2000, seed=3)
    for number in range(TRIES):
        client, peer = it.connect()
        uploading = it.background(client.send_while_reading, upload)
        peer.recv_exactly(1000)
        it.check(peer.has_input(20), "no more of the upload came")
        peer.send(answer)
        peer.close()
        it.note(f"try {number + 1}")
        it.client_saw(uploading.result(), answer, end=RST)
        client.close()


@row("R25", "a reset after the client's clean end is a reset for the client",
     given="the client sends a request and a close_notify; the backend answers with 100 000 bytes, "
           "then RST",
     client="all bytes, RST; no close_notify", backend="all bytes, FIN",
     ends=Ends("client_eof", "backend_reset", "reset", "gone", first_end="client"))
def reset_in_half_close(it):
    client, peer = it.connect()
    client.send(REQUEST)
    client.send_close_notify()
    it.backend_saw(peer.recv_until_end(), REQUEST)
    peer.send(DATA)
    peer.settle()
    peer.rst()
    it.client_saw(client.read_until_end(), DATA, end=RST)


@row("R26", "a backend's reset is noticed although the client takes nothing",
     given="`stall_timeout: 500ms`; the backend sends until nobody takes more, then RST; the "
           "client has a small window and reads nothing",
     client="the beginning, RST; no close_notify", backend="-",
     listener={"shutdown": {"stall_timeout": "500ms"}}, metrics={"timeouts stall": {0, 1}},
     check_log=loses("to_client"),
     ends=Ends("backend_reset", {None, "write_stalled"}, "reset", "gone", outcome="lost"))
def backend_reset_while_client_stalls(it):
    client, peer = it.connect(receive_buffer=8192)
    peer.send_until_full(BULK)
    peer.rst()
    it.daemon.session(it.name)
    it.client_saw(client.read_until_end(), BULK, end=RST, starts=True)


# --- the client -----------------------------------------------------------------------------------

@row("R30", "a client that is cut off without close_notify is a reset for the backend",
     given="the client sends 100 000 bytes, then FIN without close_notify",
     client="RST; no close_notify", backend="all bytes, RST",
     ends=Ends("client_truncated", None, "reset", "reset", first_end="client"),
     check_log=counts(100_000, 0))
def client_truncated(it):
    client, peer = it.connect()
    client.send(DATA)
    client.fin()
    it.backend_saw(peer.recv_until_end(), DATA, end=RST)
    it.client_saw(client.read_until_end(), end=RST)


@row("R31", "a FIN in the middle of a record is a truncation",
     given="the client sends 1000 bytes, half of a second record, then FIN",
     client="RST; no close_notify", backend="the first record's bytes, RST",
     ends=Ends("client_truncated", None, "reset", "reset", first_end="client"),
     check_log=counts(1000, 0))
def half_a_record(it):
    client, peer = it.connect()
    client.send(REQUEST)
    record = client.encrypt(REQUEST)
    client.send_raw(record[:len(record) // 2])
    client.fin()
    it.backend_saw(peer.recv_until_end(), REQUEST, end=RST)
    it.client_saw(client.read_until_end(), end=RST)


@row("R32", "a client that leaves after the handshake without close_notify is a truncation",
     given="handshake, then FIN",
     client="RST; no close_notify", backend="RST",
     ends=Ends("client_truncated", None, "reset", "reset", first_end="client"))
def nothing_then_fin(it):
    client, peer = it.connect()
    client.fin()
    it.backend_saw(peer.recv_until_end(), end=RST)
    it.client_saw(client.read_until_end(), end=RST)


@row("R33", "a client's reset is a reset for the backend, after every byte",
     given="the client sends 100 000 bytes, then RST",
     client="-", backend="all bytes, RST",
     ends=Ends("client_reset", None, "gone", "reset", first_end="client"),
     check_log=counts(100_000, 0))
def client_reset(it):
    client, peer = it.connect()
    client.send(DATA)
    client.settle()
    client.rst()
    it.backend_saw(peer.recv_until_end(), DATA, end=RST)


@row("R34", "a client's reset in the middle of a download ends it for the backend",
     given="20 times: the client reads 100 000 bytes of an endless download, then RST",
     client="-", backend="RST", sessions=20,
     ends=Ends("client_reset", None, "gone", "reset", outcome=CUT_OR_WORSE))
def client_reset_during_download(it):
    for _ in range(20):
        client, peer = it.connect()
        sending = it.background(lambda peer=peer: all(peer.send(DATA) for _ in range(10_000)))
        client.read_exactly(100_000)
        client.rst()
        it.check(sending.result() is False, "the backend could send everything")
        it.backend_saw(peer.recv_until_end(), end=RST)


@row("R35", "a client's reset after its clean end is no second truth for the backend",
     given="the client sends a request and a close_notify, reads 100 000 bytes of the endless "
           "answer, then RST",
     client="-", backend="all bytes, FIN; then RST",
     ends=Ends("client_eof", "client_reset", "gone", "reset", outcome=CUT_OR_WORSE))
def client_reset_in_half_close(it):
    client, peer = it.connect()
    client.send(REQUEST)
    client.send_close_notify()
    it.backend_saw(peer.recv_until_end(), REQUEST)
    sending = it.background(lambda: all(peer.send(DATA) for _ in range(10_000)))
    client.read_exactly(100_000)
    client.rst()
    it.check(sending.result() is False, "the backend could send everything")


@row("R36", "a client that answers our close_notify by a bare FIN has cut its own direction",
     given="the backend answers and ends; the client uploads 100 000 bytes, then FIN without "
           "close_notify",
     client="all bytes, close_notify, FIN", backend="all bytes, RST",
     ends=Ends("backend_eof", "client_truncated", "exchanged", "reset", first_end="backend"))
def truncated_after_backend_end(it):
    client, peer = it.connect()
    peer.send(REQUEST)
    peer.fin()
    it.client_saw(client.read_until_end(), REQUEST, close_notify=True)
    client.send(DATA)
    client.fin()
    it.backend_saw(peer.recv_until_end(), DATA, end=RST)


@row("R37", "a client that answers our close_notify by a reset",
     given="the backend answers and ends; the client has read everything, uploads 100 000 bytes, "
           "then RST",
     client="all bytes, close_notify, FIN", backend="all bytes, RST",
     ends=Ends("backend_eof", "client_reset", "gone", "reset", first_end="backend"))
def reset_after_backend_end(it):
    client, peer = it.connect()
    peer.send(REQUEST)
    peer.fin()
    it.client_saw(client.read_until_end(), REQUEST, close_notify=True)
    client.send(DATA)
    client.settle()
    client.rst()
    it.backend_saw(peer.recv_until_end(), DATA, end=RST)


@row("R38", "a client's reset is noticed although the backend takes nothing",
     given="`stall_timeout: 500ms`; the client uploads until nobody takes more, then RST; the "
           "backend has a small window and reads nothing",
     client="-", backend="the beginning, RST", server={"receive_buffer": 8192},
     listener={"shutdown": {"stall_timeout": "500ms"}}, metrics={"timeouts stall": {0, 1}},
     check_log=loses("to_backend"),
     ends=Ends("client_reset", {None, "write_stalled"}, "gone", "reset", outcome="lost"))
def client_reset_while_backend_stalls(it):
    client, peer = it.connect()
    client.send_until_full(BULK)
    client.rst()
    it.daemon.session(it.name)
    it.backend_saw(peer.recv_until_end(), BULK, end=RST, starts=True)
