"""Sessions whose proxy stands still for a while, or is told to stop gracefully while they pause.

Each has a process of its own. What is looked at is whether anybody is told a clean end that its
sender has not made.
"""

import time

from operations import ENDS, HALF, OperationRow, REQUEST
from support.rows import Chapter
from support.tcp import FIN, RST, pattern

stall, drain = Chapter("stall"), Chapter("drain that meets a pause")
MORE = pattern(500_000, seed=3)
PAUSE = 10  # seconds: longer than any proxy should take silence for an end


def row(chapter, id, title, **fields):
    def add(play):
        chapter.rows.append(OperationRow(
            id=id, title=title, operation=chapter.name.partition(" ")[0], ends=ENDS, play=play,
            **fields))
        return play
    return add


# --- stall ----------------------------------------------------------------------------------------

# The proxy stands still from BEGIN on for STILL seconds, in which its idle time passes.
IDLE = {"timeouts": {"idle": "4s"}}
BEGIN, STILL = 1.5, 5


def stand_still(it, meanwhile):
    time.sleep(BEGIN)
    it.daemon.running.freeze()
    try:
        time.sleep(STILL / 2)
        meanwhile()
        time.sleep(STILL / 2)
    finally:
        it.daemon.running.thaw()


@row(stall, "O9", "an answer that ends while the proxy stands still arrives whole",
     given="`idle: 4s`; the backend sends 500 000 bytes; from 1.5 s on the proxy is stopped (SIGSTOP) "
           "for 5 s, in which the backend sends 500 000 more and ends",
     client="all bytes, close_notify, FIN", backend="-", listener=IDLE)
def answer_in_a_stall(it):
    client, peer = it.connect()
    client.send(REQUEST)
    peer.recv_exactly(len(REQUEST))
    peer.send(HALF)
    it.check(client.read_exactly(len(HALF)) == HALF, "the first half differs")
    sending = []
    stand_still(it, lambda: sending.append(
        it.background(lambda: peer.send(MORE) and peer.fin())))
    it.client_saw(client.read_until_end(), MORE, close_notify=True)
    sending[0].result()
    client.goodbye()


@row(stall, "O10", "an upload that goes on while the proxy stands still arrives whole",
     given="the same with the client's bytes; the backend answers when it has all, and ends",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN", listener=IDLE)
def upload_in_a_stall(it):
    client, peer = it.connect()
    client.send(HALF)
    it.check(peer.recv_exactly(len(HALF)) == HALF, "the first half differs")
    sending = []
    stand_still(it, lambda: sending.append(it.background(lambda: client.send(MORE))))
    it.check(peer.recv_exactly(len(MORE)) == MORE, "the second half differs")
    sending[0].result()
    peer.send(REQUEST)
    peer.fin()
    it.client_saw(client.read_until_end(), REQUEST, close_notify=True)
    client.goodbye()


@row(stall, "O11", "a session whose client speaks while the proxy stands still goes on",
     given="`idle: 4s`; request and answer; from 1.5 s on the proxy is stopped for 5 s, in which the "
           "client sends the next request; the backend answers it and ends",
     client="all bytes, close_notify, FIN", backend="the requests", listener=IDLE)
def request_in_a_stall(it):
    client, peer = it.connect()
    request_and_answer(client, peer)
    stand_still(it, lambda: client.send(REQUEST))
    it.check(peer.recv_exactly(len(REQUEST)) == REQUEST, "the second request differs")
    peer.send(HALF)
    peer.fin()
    it.client_saw(client.read_until_end(), HALF, close_notify=True)
    client.goodbye()


def request_and_answer(client, peer):
    client.send(REQUEST)
    peer.recv_exactly(len(REQUEST))
    peer.send(HALF)
    client.read_exactly(len(HALF))


# --- drain ----------------------------------------------------------------------------------------

@row(drain, "O12", "a download that pauses is not told as complete",
     given="the backend sends 500 000 bytes; the proxy is told to stop gracefully, with 30 s for it; "
           "10 s later the backend sends the rest and ends",
     client="all bytes, close_notify, FIN", backend="-")
def pausing_download(it):
    client, peer = it.connect()
    request_and_answer(client, peer)
    begin = it.daemon.running.begin("drain")
    it.check(not client.has_input(PAUSE), "the client was told an end while the backend paused")
    sending = it.background(lambda: peer.send(MORE) and peer.fin())
    it.client_saw(client.read_until_end(), MORE, close_notify=True)
    sending.result()
    client.goodbye()
    note_exit(it, begin)


@row(drain, "O13", "a request that the backend thinks about gets its answer",
     given="the client sends a request; the proxy is told to stop gracefully, with 30 s for it; 10 s "
           "later the backend answers and ends",
     client="all bytes, close_notify, FIN", backend="the request, and no end before the answer")
def thinking_backend(it):
    client, peer = it.connect()
    client.send(REQUEST)
    peer.recv_exactly(len(REQUEST))
    begin = it.daemon.running.begin("drain")
    it.check(not peer.has_input(PAUSE), "the backend was told an end while it thought")
    sending = it.background(lambda: peer.send(HALF) and peer.fin())
    it.client_saw(client.read_until_end(), HALF, close_notify=True)
    sending.result()
    client.goodbye()
    note_exit(it, begin)


@row(drain, "O14", "an upload inside one record is not told as complete",
     given="the client sends a request and then a record of 16 000 bytes, over 10 s; meanwhile the "
           "proxy is told to stop gracefully, with 30 s for it; then the backend answers and ends",
     client="all bytes, close_notify, FIN", backend="all bytes, and no end before them")
def slow_record(it):
    client, peer = it.connect()
    client.send(REQUEST)
    peer.recv_exactly(len(REQUEST))
    upload = HALF[:16_000]
    record = client.encrypt(upload)
    begin = it.daemon.running.begin("drain")
    steps = 5 * PAUSE
    for step in range(steps):
        client.send_raw(record[step * len(record) // steps:(step + 1) * len(record) // steps])
        it.check(not peer.has_input(PAUSE / steps) or step == steps - 1,
                 "the backend was told an end in the middle of the record")
    it.check(peer.recv_exactly(len(upload)) == upload, "the upload differs")
    peer.send(REQUEST)
    peer.fin()
    it.client_saw(client.read_until_end(), REQUEST, close_notify=True)
    client.goodbye()
    note_exit(it, begin)


@row(drain, "O15", "an idle session is gone within the time of the drain, by its server's own end",
     given="request and answer, then silence; the proxy is told to stop gracefully, with 30 s for it; "
           "the backend answers an end by its own, as servers do",
     client="close_notify, FIN", backend="FIN")
def idle_session(it):
    client, peer = it.connect()
    request_and_answer(client, peer)
    begin = it.daemon.running.begin("drain")
    if not peer.has_input(35):
        it.fail("the session stands after 35 s")
    it.fact("idle_gone", time.monotonic() - begin)
    it.backend_saw(peer.recv_until_end(), end=FIN)
    it.check(not client.has_input(0.5), "the client was told an end before the backend had ended")
    peer.fin()
    it.client_saw(client.read_until_end(), close_notify=True)
    client.goodbye()
    note_exit(it, begin)


@row(drain, "O16", "what the end of the drain cuts is told as cut",
     given="`drain.timeout: 4s`; the backend sends without a pause; the proxy is told to stop "
           "gracefully",
     client="a beginning, RST; no close_notify", backend="RST", process={"drain": {"timeout": "4s"}})
def cut_download(it):
    client, peer = it.connect()
    client.send(REQUEST)
    peer.recv_exactly(len(REQUEST))
    begin = it.daemon.running.begin("drain")
    drip = it.background(lambda: send_until_gone(peer))
    seen = client.read_until_end()
    it.note(f"client saw: {len(seen.data) > 0 and 'a beginning, ' or ''}"
            f"{'close_notify, ' if seen.close_notify else ''}{seen.end}")
    it.check(not seen.close_notify and seen.end == RST, "the client was told a clean end" if
             seen.close_notify else f"the client saw {seen.end}, not RST")
    drip.result()
    note_exit(it, begin)


def send_until_gone(peer):
    begin = time.monotonic()
    while time.monotonic() - begin < 20 and peer.send(HALF[:20_000]):
        time.sleep(0.01)


def note_exit(it, begin):
    """How the process ended, and how long after it was told to."""
    code, end = it.daemon.running.wait_for_exit(40)
    it.check(end is not None, "the process is there 40 s later")
    if end is not None:
        it.fact("exit_code", code)
        it.fact("gone", end - begin)
