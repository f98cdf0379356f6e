"""Ends that the proxy itself makes: idle, lifetime, and a peer that takes no bytes."""

import time

from support.rows import Chapter, Ends
from support.tcp import RST, pattern

from .bad_ends import ANY_OUTCOME, DATA, loses
from .clean_ends import BULK, REQUEST

chapter = Chapter("ends that the proxy makes")
row = chapter.row


def idle(time, **shutdown):
    options = {"timeouts": {"idle": time}}
    return {**options, "shutdown": shutdown} if shutdown else options


def silent_session(it):
    client, peer = it.connect()
    client.send(REQUEST)
    it.check(peer.recv_exactly(len(REQUEST)) == REQUEST, "the request differs")
    peer.send(REQUEST)
    it.check(client.read_exactly(len(REQUEST)) == REQUEST, "the answer differs")
    return client, peer


def ends_politely(it):
    client, peer = silent_session(it)
    it.client_saw(client.read_until_end(), close_notify=True)
    it.backend_saw(peer.recv_until_end())
    client.goodbye()
    peer.close()


def ends_by_reset(it):
    client, peer = silent_session(it)
    it.client_saw(client.read_until_end(), end=RST)
    it.backend_saw(peer.recv_until_end(), end=RST)


def polite(cause):
    """Both sides answer; which of the two answers is `second` is a matter of luck."""
    return dict(client="close_notify, FIN", backend="FIN",
                ends=Ends(cause, {"client_eof", "backend_eof"}, "exchanged", "exchanged",
                          first_end="proxy"),
                metrics={"close_notify received": 1})


def impolite(cause):
    return dict(client="RST; no close_notify", backend="RST",
                ends=Ends(cause, None, "reset", "reset", first_end="proxy"))


row("R110", "`idle-polite`: a session that was silent for more than a second ends clean",
    given="`idle: 4s`; request and answer, then silence from both",
    listener=idle("4s"), **polite("idle_timeout"))(ends_politely)

row("R111", "`idle-polite`: a session in which bytes moved a moment ago is cut",
    given="`idle: 600ms`; request and answer, then silence from both",
    listener=idle("600ms"), **impolite("idle_timeout"))(ends_by_reset)

row("R112", "`on_proxy_end: notify` is always polite",
    given="`on_proxy_end: notify`, `idle: 3s`; request and answer, then silence from both",
    listener=idle("3s", on_proxy_end="notify"), **polite("idle_timeout"))(ends_politely)

row("R113", "`on_proxy_end: reset` never is",
    given="`on_proxy_end: reset`, `idle: 3s`; request and answer, then silence from both",
    listener=idle("3s", on_proxy_end="reset"), **impolite("idle_timeout"))(ends_by_reset)


@row("R114", "one direction that moves keeps the session",
     given="`idle: 2s`; the backend sends a byte each 400 ms for 4 s, the client nothing",
     client="all bytes, close_notify, FIN", backend="FIN", listener=idle("2s"),
     ends=Ends("backend_eof", "client_eof", "exchanged", "exchanged"))
def one_way(it):
    client, peer = it.connect()
    for number in range(10):
        time.sleep(0.4)
        peer.send(REQUEST[number:number + 1])
    peer.fin()
    it.client_saw(client.read_until_end(), REQUEST[:10], close_notify=True)
    client.goodbye()
    it.backend_saw(peer.recv_until_end())


STALLED = Ends("write_stalled", {None, "write_stalled"}, "reset", "reset", outcome="lost",
               first_end="proxy")


@row("R115", "a client that takes nothing while bytes wait for it",
     given="`idle: 1s`, `drain_timeout: 500ms`; the backend sends as much as it can; the client "
           "has a small window and reads nothing",
     client="the beginning, RST; no close_notify", backend="RST",
     listener=idle("1s", drain_timeout="500ms"), ends=STALLED, check_log=loses("to_client"),
     metrics={"timeouts drain": {0, 1}})
def stalled_client(it):
    client, peer = it.connect(receive_buffer=8192)
    it.check(peer.send(BULK) is False, "the backend could send everything")
    it.backend_saw(peer.recv_until_end(), end=RST)
    it.daemon.session(it.name)
    it.client_saw(client.read_until_end(), BULK, end=RST, starts=True)


@row("R116", "a backend that takes nothing while bytes wait for it",
     given="`idle: 1s`, `drain_timeout: 500ms`; the client sends as much as it can; the backend "
           "has a small window and reads nothing",
     client="RST; no close_notify", backend="the beginning, RST",
     listener=idle("1s", drain_timeout="500ms"), server={"receive_buffer": 8192}, ends=STALLED,
     check_log=loses("to_backend"), metrics={"timeouts drain": {0, 1}})
def stalled_backend(it):
    client, peer = it.connect()
    it.check(client.send(BULK) is False, "the client could send everything")
    it.client_saw(client.read_until_end(), end=RST)
    it.daemon.session(it.name)
    it.backend_saw(peer.recv_until_end(), BULK, end=RST, starts=True)


def arrived(it, line):
    it.check(line["to_client_bytes"] == it.received["client"],
             "the client did not get all that was read")


@row("R120", "a stalled client that reads again before `drain_timeout` gets all that was read",
     given="`idle: 1s`; the backend sends as much as it can; the client reads only after the "
           "backend was cut",
     client="all that the proxy had read, RST; no close_notify", backend="RST",
     listener=idle("1s"), check_log=arrived,
     ends=Ends("write_stalled", None, "reset", "reset", first_end="proxy"))
def stalled_client_recovers(it):
    client, peer = it.connect(receive_buffer=8192)
    it.check(peer.send(BULK) is False, "the backend could send everything")
    it.backend_saw(peer.recv_until_end(), end=RST)
    seen = client.read_until_end()
    it.client_saw(seen, BULK, end=RST, starts=True)


@row("R117", "`lifetime` in the middle of a transfer is a cut",
     given="`lifetime: 1500ms`; the backend sends without a pause",
     client="a beginning, RST; no close_notify", backend="RST",
     listener={"timeouts": {"lifetime": "1500ms"}},
     ends=Ends("lifetime", None, "reset", "reset", outcome=ANY_OUTCOME, first_end="proxy"))
def lifetime_in_transfer(it):
    client, peer = it.connect()

    def send():
        while peer.send(DATA):
            time.sleep(0.02)
    sending = it.background(send)
    seen = client.read_until_end()
    sending.result()
    it.client_saw(seen, DATA * (len(seen.data) // len(DATA) + 1), end=RST, starts=True)
    it.backend_saw(peer.recv_until_end(), end=RST)


row("R118", "`lifetime` in silence is polite",
    given="`lifetime: 4s`; request and answer, then silence from both",
    listener={"timeouts": {"lifetime": "4s"}}, **polite("lifetime"))(ends_politely)


@row("R119", "a half-closed session is ended by its own limit, not by `idle`",
     given="`idle: 900ms`, `half_close_timeout: 4s`; the client ends, the backend answers after 1 "
           "s",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN",
     listener=idle("900ms", half_close_timeout="4s"),
     ends=Ends("client_eof", "backend_eof", "exchanged", "exchanged"))
def not_idle_but_half_closed(it):
    client, peer = it.connect()
    client.send(REQUEST)
    client.goodbye()
    it.backend_saw(peer.recv_until_end(), REQUEST)
    time.sleep(1)
    peer.send(REQUEST)
    peer.fin()
    it.client_saw(client.read_until_end(), REQUEST, close_notify=True)
