"""The `shutdown` block: `mode`, `timeout` and `half_close`, each with each of its values."""

import time

from support.rows import Chapter, Ends
from support.tcp import RST, pattern

from .bad_ends import CUT_OR_WORSE, DATA
from .clean_ends import BULK, MIB, REQUEST, counts

chapter = Chapter("the shutdown block")
row = chapter.row


def answer(it, client, peer, data=REQUEST):
    """The backend's answer and clean end, seen by the client."""
    peer.send(data)
    peer.fin()
    it.client_saw(client.read_until_end(), data, close_notify=True)


# --- mode: wait -----------------------------------------------------------------------------------

@row("R80", "`wait`: a client that never answers our close_notify is cut after `timeout`",
     given="`timeout: 500ms`; the backend answers, ends, and still listens; the client is silent",
     client="all bytes, close_notify, FIN", backend="RST",
     listener={"shutdown": {"timeout": "500ms"}},
     ends=Ends("backend_eof", "close_timeout", "sent", "reset", first_end="backend"))
def never_answers(it):
    client, peer = it.connect()
    answer(it, client, peer)
    it.backend_saw(peer.recv_until_end(), end=RST)


@row("R81", "`wait`: what the client still sends restarts `timeout`",
     given="`timeout: 4s`; after the backend's end the client sends a byte each 600 ms for 6 s, "
           "then says goodbye",
     client="close_notify, FIN", backend="all bytes, FIN", listener={"shutdown": {"timeout": "4s"}},
     ends=Ends("backend_eof", "client_eof", "exchanged", "exchanged"), check_log=counts(10, 1000))
def goes_on_sending(it):
    client, peer = it.connect()
    answer(it, client, peer)
    for number in range(10):
        time.sleep(0.6)
        client.send(REQUEST[number:number + 1])
    client.goodbye()
    it.backend_saw(peer.recv_until_end(), REQUEST[:10])


# --- mode: notify ---------------------------------------------------------------------------------

@row("R82", "`notify` does not wait for the client's answer",
     given="`mode: notify`, `timeout: 60s`, `linger: 300ms`; the backend answers, ends, and still "
           "listens; the client is silent",
     client="all bytes, close_notify, FIN", backend="RST",
     listener={"shutdown": {"mode": "notify", "timeout": "60s", "linger": "300ms"}},
     ends=Ends("backend_eof", None, "sent", "reset", first_end="backend"))
def notify(it):
    client, peer = it.connect()
    answer(it, client, peer)
    it.backend_saw(peer.recv_until_end(), end=RST)
    it.daemon.session(it.name)
    # The socket is released: whatever the client sends now draws an RST.
    client.send_raw(client.close_notify())
    client.wait_until_reset()


@row("R83", "`notify`: an answer within `linger` is an exchange",
     given="`mode: notify`, `linger: 10s`; the client says goodbye at once",
     client="all bytes, close_notify, FIN", backend="RST",
     listener={"shutdown": {"mode": "notify", "linger": "10s"}},
     ends=Ends("backend_eof", "client_eof", "exchanged", "reset"))
def notify_answered(it):
    client, peer = it.connect()
    answer(it, client, peer)
    client.goodbye()
    it.backend_saw(peer.recv_until_end(), end=RST)


@row("R84", "`notify`: what the client still sends does not destroy the end of the answer",
     given="`mode: notify`, `linger: 1s`; the client reads 1 MiB slowly and sends all the while",
     client="all bytes, close_notify, FIN", backend="RST",
     listener={"shutdown": {"mode": "notify", "linger": "1s"}},
     ends=Ends("backend_eof", {None, "client_reset"}, {"sent", "gone"}, "reset",
               outcome=CUT_OR_WORSE), metrics={"resets client in": None})
def notify_while_sending(it):
    client, peer = it.connect(receive_buffer=32 * 1024)
    reply = pattern(MIB)
    reading = it.background(peer.recv_until_end)
    peer.send(reply)
    peer.fin()
    it.client_saw(client.send_while_reading(BULK, chunk=4096, pause=0.005), reply,
                  close_notify=True)
    seen = reading.result()
    it.note(f"backend saw: {seen}")
    it.check(seen.end == RST, f"the backend saw {seen.end}, not RST")


# --- mode: abort ----------------------------------------------------------------------------------

ABORTED = Ends("backend_eof", None, "reset", "reset", first_end="backend")


@row("R85", "`abort` says no goodbye",
     given="`mode: abort`; the backend sends 100 000 bytes and ends",
     client="all bytes, RST; no close_notify", backend="RST", ends=ABORTED,
     listener={"shutdown": {"mode": "abort"}}, check_log=counts(0, 100_000))
def abort(it):
    client, peer = it.connect()
    peer.send(DATA)
    peer.fin()
    it.client_saw(client.read_until_end(), DATA, end=RST)
    it.backend_saw(peer.recv_until_end(), end=RST)


@row("R86", "`abort` resets only when a slow client has everything",
     given="`mode: abort`; the backend sends 1 MiB and ends; the client has a small window and "
           "pauses",
     client="all bytes, RST; no close_notify", backend="RST", ends=ABORTED,
     listener={"shutdown": {"mode": "abort"}})
def abort_slow_client(it):
    client, peer = it.connect(receive_buffer=32 * 1024)
    data = pattern(MIB)
    peer.send(data)
    peer.fin()
    it.client_saw(client.read_until_end(chunk=32 * 1024, pause=0.002), data, end=RST)
    it.backend_saw(peer.recv_until_end(), end=RST)


# --- half_close -----------------------------------------------------------------------------------

@row("R87", "`half_close: close`: the client's end ends the session",
     given="`half_close: close`; the client sends a request and a close_notify",
     client="RST; no close_notify", backend="all bytes, FIN; then RST",
     listener={"shutdown": {"half_close": "close"}},
     ends=Ends("client_eof", None, "reset", "reset", first_end="client"))
def close_on_client_end(it):
    client, peer = it.connect()
    client.send(REQUEST)
    client.send_close_notify()
    it.backend_saw(peer.recv_until_end(), REQUEST)
    it.client_saw(client.read_until_end(), end=RST)


@row("R88", "`half_close: close` with `on_proxy_end: notify` is polite to both",
     given="`half_close: close`, `on_proxy_end: notify`; the client sends a request and a "
           "close_notify",
     client="close_notify, FIN", backend="all bytes, FIN",
     listener={"shutdown": {"half_close": "close", "on_proxy_end": "notify"}},
     ends=Ends("client_eof", {None, "backend_eof"}, "exchanged", {"sent", "exchanged"}))
def close_on_client_end_politely(it):
    client, peer = it.connect()
    client.send(REQUEST)
    client.send_close_notify()
    it.backend_saw(peer.recv_until_end(), REQUEST)
    it.client_saw(client.read_until_end(), close_notify=True)
    peer.close()


@row("R89", "`half_close: close`: the backend's end ends the session",
     given="`half_close: close`; the backend answers and ends in the middle of an upload",
     client="all bytes, close_notify, FIN", backend="RST",
     listener={"shutdown": {"half_close": "close"}},
     ends=Ends("backend_eof", "client_eof", "exchanged", "reset", first_end="backend"))
def close_on_backend_end(it):
    client, peer = it.connect()
    client.send(REQUEST)
    peer.recv_exactly(len(REQUEST))
    answer(it, client, peer)
    client.goodbye()
    it.backend_saw(peer.recv_until_end(), end=RST)
