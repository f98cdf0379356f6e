"""The `shutdown` block: its limits, what it does about bad ends, and where it may stand."""

import time

from support.rows import Ends
from support.tcp import RST, pattern

from .bad_ends import DATA, loses
from .clean_ends import REQUEST, counts
from .closer import ABORTED, abort, answer, chapter

row = chapter.row


# --- half_close_timeout ---------------------------------------------------------------------------

@row("R90", "`half_close_timeout`: a backend that never answers a client that has ended",
     given="`half_close_timeout: 400ms`; request and close_notify from the client, silence from "
           "the backend",
     client="RST; no close_notify", backend="all bytes, FIN; then RST",
     listener={"shutdown": {"half_close_timeout": "400ms"}},
     ends=Ends("client_eof", "half_close_timeout", "reset", "reset", first_end="client"))
def backend_never_answers(it):
    client, peer = it.connect()
    client.send(REQUEST)
    client.send_close_notify()
    it.backend_saw(peer.recv_until_end(), REQUEST)
    it.client_saw(client.read_until_end(), end=RST)


@row("R91", "`half_close_timeout` with `on_proxy_end: notify`: called a clean end",
     given="`on_proxy_end: notify`, `half_close_timeout: 600ms`; the same",
     client="close_notify, FIN", backend="all bytes, FIN",
     listener={"shutdown": {"half_close_timeout": "600ms", "linger": "300ms",
                            "on_proxy_end": "notify"}},
     ends=Ends("client_eof", "half_close_timeout", "exchanged", "sent", first_end="client"))
def backend_never_answers_and_is_called_clean(it):
    client, peer = it.connect()
    client.send(REQUEST)
    client.send_close_notify()
    it.backend_saw(peer.recv_until_end(), REQUEST)
    it.client_saw(client.read_until_end(), close_notify=True)


@row("R92", "`half_close_timeout` bounds silence, not work",
     given="`half_close_timeout: 4s`; after the client's end the backend sends a byte each 600 ms "
           "for 6 s, then ends",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN",
     listener={"shutdown": {"half_close_timeout": "4s"}},
     ends=Ends("client_eof", "backend_eof", "exchanged", "exchanged"), check_log=counts(1000, 10))
def slow_answer(it):
    client, peer = it.connect()
    client.send(REQUEST)
    client.goodbye()
    it.backend_saw(peer.recv_until_end(), REQUEST)
    for number in range(10):
        time.sleep(0.6)
        peer.send(REQUEST[number:number + 1])
    peer.fin()
    it.client_saw(client.read_until_end(), REQUEST[:10], close_notify=True)


# --- stall_timeout and deadline -------------------------------------------------------------------

@row("R93", "`stall_timeout`: a client that takes nothing loses what waits for it",
     given="`stall_timeout: 700ms`; the backend sends 200 000 bytes and ends; the client has a "
           "small window and reads nothing",
     client="the beginning, RST; no close_notify", backend="RST",
     listener={"shutdown": {"stall_timeout": "700ms"}}, check_log=loses("to_client"),
     ends=Ends("backend_eof", "write_stalled", "reset", "reset", outcome="lost"),
     metrics={"close_notify sent": {0, 1}})
def takes_nothing(it):
    client, peer = it.connect(receive_buffer=4096)
    data = pattern(200_000)
    peer.send(data)
    peer.fin()
    it.backend_saw(peer.recv_until_end(), end=RST)
    it.client_saw(client.read_until_end(), data, end=RST, starts=True)


@row("R94", "`deadline` ends what only progresses slowly",
     given="`deadline: 3s`; both sides have ended; the client reads 500 000 bytes at 4 kB each "
           "50 ms",
     client="the beginning, RST; no close_notify", backend="all bytes, FIN",
     listener={"shutdown": {"deadline": "3s"}}, check_log=loses("to_client"),
     ends=Ends("client_eof", "backend_eof", "reset", {"reset", "exchanged"}, outcome="lost"),
     metrics={"close_notify sent": {0, 1}, "timeouts deadline": 1, "resets backend out": None})
def deadline(it):
    client, peer = it.connect(receive_buffer=8192)
    client.send(REQUEST)
    client.goodbye()
    it.backend_saw(peer.recv_until_end(), REQUEST)
    data = pattern(500_000)
    peer.send(data)
    peer.fin()
    it.client_saw(client.read_until_end(chunk=4096, pause=0.05), data, end=RST, starts=True)


# --- on_client_truncation, on_client_reset, on_backend_reset --------------------------------------

@row("R95", "`on_client_truncation: fin` takes a bare FIN for an end",
     given="`on_client_truncation: fin`; the client sends 100 000 bytes, then FIN without "
           "close_notify; the backend answers",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN",
     listener={"shutdown": {"on_client_truncation": "fin"}},
     ends=Ends("client_truncated", "backend_eof", "exchanged", "exchanged", first_end="client"))
def truncation_forgiven(it):
    client, peer = it.connect()
    client.send(DATA)
    client.fin()
    it.backend_saw(peer.recv_until_end(), DATA)
    answer(it, client, peer)


@row("R96", "`on_client_reset: fin` takes a reset for an end",
     given="`on_client_reset: fin`; the client sends 100 000 bytes, then RST",
     client="-", backend="all bytes, FIN", listener={"shutdown": {"on_client_reset": "fin"}},
     ends=Ends("client_reset", {None, "backend_eof"}, "gone", {"sent", "exchanged"}))
def reset_forgiven(it):
    client, peer = it.connect()
    client.send(DATA)
    client.settle()
    client.rst()
    it.backend_saw(peer.recv_until_end(), DATA)
    peer.close()


def half_a_record(client):
    client.send(DATA)
    record = client.encrypt(DATA[:1000])
    client.send_raw(record[:len(record) // 2])
    client.settle()


@row("R191", "`on_client_truncation: fin` forgives no record that was cut",
     given="`on_client_truncation: fin`; the client sends 100 000 bytes and half a record, then FIN",
     client="RST; no close_notify", backend="all bytes, RST",
     listener={"shutdown": {"on_client_truncation": "fin"}},
     ends=Ends("client_truncated", None, "reset", "reset", first_end="client"))
def truncation_inside_a_record(it):
    client, peer = it.connect()
    half_a_record(client)
    client.fin()
    it.backend_saw(peer.recv_until_end(), DATA, end=RST)
    it.client_saw(client.read_until_end(), end=RST)


@row("R192", "`on_client_reset: fin` forgives no record that was cut",
     given="`on_client_reset: fin`; the client sends 100 000 bytes and half a record, then RST",
     client="-", backend="all bytes, RST", listener={"shutdown": {"on_client_reset": "fin"}},
     ends=Ends("client_reset", None, "gone", "reset", first_end="client"))
def reset_inside_a_record(it):
    client, peer = it.connect()
    half_a_record(client)
    client.rst()
    it.backend_saw(peer.recv_until_end(), DATA, end=RST)


@row("R97", "`on_backend_reset: truncate` says FIN without close_notify",
     given="`on_backend_reset: truncate`; the backend sends 100 000 bytes, then RST",
     client="all bytes, FIN; no close_notify", backend="-",
     listener={"shutdown": {"on_backend_reset": "truncate", "linger": "300ms"}},
     ends=Ends("backend_reset", None, "sent", "gone", first_end="backend"))
def truncate(it):
    client, peer = it.connect()
    peer.send(DATA)
    peer.settle()
    peer.rst()
    it.client_saw(client.read_until_end(), DATA)


# --- where the block stands -----------------------------------------------------------------------

@row("R98", "a backend's `shutdown` holds for listeners that say nothing",
     given="`mode: abort` on the backend; the backend sends 100 000 bytes and ends",
     client="all bytes, RST; no close_notify", backend="RST", ends=ABORTED,
     backend_options={"shutdown": {"mode": "abort"}})
def backend_block(it):
    abort(it)


@row("R99", "a listener's `shutdown` wins over its backend's",
     given="`mode: abort` on the backend, `mode: wait` on the listener",
     client="all bytes, close_notify, FIN", backend="FIN",
     listener={"shutdown": {"mode": "wait"}}, backend_options={"shutdown": {"mode": "abort"}},
     ends=Ends("backend_eof", "client_eof", "exchanged", "exchanged"))
def nearest_block(it):
    client, peer = it.connect()
    answer(it, client, peer)
    client.goodbye()
    it.backend_saw(peer.recv_until_end())
