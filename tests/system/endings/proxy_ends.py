"""Ends that the proxy itself makes: idle, lifetime, and a peer that takes no bytes."""

import time

from support.rows import Chapter, Ends
from support.tcp import RST, pattern

from .bad_ends import CUT_OR_WORSE, DATA, loses
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


def backend_is_asked(it):
    client, peer = silent_session(it)
    it.backend_saw(peer.recv_until_end())
    peer.fin()
    it.client_saw(client.read_until_end(), close_notify=True)
    client.goodbye()


def told_at_once(it):
    client, peer = silent_session(it)
    it.client_saw(client.read_until_end(), close_notify=True)
    it.backend_saw(peer.recv_until_end())
    client.goodbye()
    peer.close()


def ends_by_reset(it):
    client, peer = silent_session(it)
    it.client_saw(client.read_until_end(), end=RST)
    it.backend_saw(peer.recv_until_end(), end=RST)


def asked(cause):
    return dict(client="close_notify, FIN", backend="FIN, which it answers with its own",
                ends=Ends(cause, "backend_eof", "exchanged", "exchanged", first_end="proxy"),
                metrics={"close_notify received": 1})


def called_clean(cause):
    """Both sides answer; which of the two answers is `second` is a matter of luck."""
    return dict(client="close_notify, FIN", backend="FIN",
                ends=Ends(cause, {"client_eof", "backend_eof"}, "exchanged", "exchanged",
                          first_end="proxy"),
                metrics={"close_notify received": 1})


def cut(cause):
    return dict(client="RST; no close_notify", backend="RST",
                ends=Ends(cause, None, "reset", "reset", first_end="proxy"))


row("R110", "`ask`: the server of an idle session is asked to end, and its end is the client's",
    given="`idle: 4s`; request and answer, then silence from both; the backend ends when it is "
          "asked",
    listener=idle("4s"), **asked("idle_timeout"))(backend_is_asked)


@row("R111", "`ask`: a server that does not end in time leaves its client with a reset",
     given="`idle: 4s`, `timeout: 700ms`; request and answer, then silence from both",
     client="RST; no close_notify", backend="FIN; then RST",
     listener=idle("4s", timeout="700ms"),
     ends=Ends("idle_timeout", "half_close_timeout", "reset", "reset", first_end="proxy"))
def asked_in_vain(it):
    client, peer = silent_session(it)
    it.backend_saw(peer.recv_until_end())
    it.client_saw(client.read_until_end(), end=RST)


@row("R121", "`ask`: what the server still has to say is delivered",
     given="`idle: 4s`; request and answer; asked to end, the backend sends 100 000 bytes more, "
           "then ends",
     client="all bytes, close_notify, FIN", backend="FIN",
     listener=idle("4s"),
     ends=Ends("idle_timeout", "backend_eof", "exchanged", "exchanged", first_end="proxy"),
     metrics={"close_notify received": 1})
def asked_and_answers(it):
    client, peer = silent_session(it)
    it.backend_saw(peer.recv_until_end())
    peer.send(DATA)
    peer.fin()
    it.client_saw(client.read_until_end(), DATA, close_notify=True)
    client.goodbye()


@row("R122", "`ask`: a server that resets is told to the client as what it is",
     given="`idle: 4s`; request and answer; asked to end, the backend resets",
     client="RST; no close_notify", backend="FIN; then it resets",
     listener=idle("4s"),
     ends=Ends("idle_timeout", "backend_reset", "reset", "gone", first_end="proxy"))
def asked_and_resets(it):
    client, peer = silent_session(it)
    it.backend_saw(peer.recv_until_end())
    peer.rst()
    it.client_saw(client.read_until_end(), end=RST)


@row("R123", "`ask`: what the client sends behind the question is lost, and told",
     given="`idle: 4s`; request and answer; the backend has been asked to end when the client "
           "sends 1000 bytes; then the backend ends",
     client="close_notify, FIN", backend="FIN", listener=idle("4s"),
     ends=Ends("idle_timeout", "backend_eof", "exchanged", "exchanged", outcome="lost",
               first_end="proxy", lost_to_backend_bytes=1000),
     metrics={"close_notify received": 1})
def asked_too_late(it):
    client, peer = silent_session(it)
    it.backend_saw(peer.recv_until_end())
    client.send(DATA[:1000])
    time.sleep(0.2)
    peer.fin()
    it.client_saw(client.read_until_end(), close_notify=True)
    client.goodbye()


row("R112", "`on_proxy_end: notify`: always called a clean end",
    given="`on_proxy_end: notify`, `idle: 4s`; request and answer, then silence from both",
    listener=idle("4s", on_proxy_end="notify"), **called_clean("idle_timeout"))(told_at_once)

row("R113", "`on_proxy_end: reset`: always a reset",
    given="`on_proxy_end: reset`, `idle: 4s`; request and answer, then silence from both",
    listener=idle("4s", on_proxy_end="reset"), **cut("idle_timeout"))(ends_by_reset)


@row("R114", "one direction that moves keeps the session",
     given="`idle: 4s`; the backend sends a byte each 600 ms for 6 s, the client nothing",
     client="all bytes, close_notify, FIN", backend="FIN", listener=idle("4s"),
     ends=Ends("backend_eof", "client_eof", "exchanged", "exchanged"))
def one_way(it):
    client, peer = it.connect()
    for number in range(10):
        time.sleep(0.6)
        peer.send(REQUEST[number:number + 1])
    peer.fin()
    it.client_saw(client.read_until_end(), REQUEST[:10], close_notify=True)
    client.goodbye()
    it.backend_saw(peer.recv_until_end())


STALLED = Ends("write_stalled", {None, "write_stalled"}, "reset", "reset", outcome="lost",
               first_end="proxy")


@row("R115", "a client that takes nothing while bytes wait for it",
     given="`idle: 1s`, `stall_timeout: 500ms`; the backend sends as much as it can; the client "
           "has a small window and reads nothing",
     client="the beginning, RST; no close_notify", backend="RST",
     listener=idle("1s", stall_timeout="500ms"), ends=STALLED, check_log=loses("to_client"),
     metrics={"timeouts stall": {0, 1}})
def stalled_client(it):
    client, peer = it.connect(receive_buffer=8192)
    it.check(peer.send(BULK) is False, "the backend could send everything")
    it.backend_saw(peer.recv_until_end(), end=RST)
    it.daemon.session(it.name)
    it.client_saw(client.read_until_end(), BULK, end=RST, starts=True)


@row("R116", "a backend that takes nothing while bytes wait for it",
     given="`idle: 1s`, `stall_timeout: 500ms`; the client sends as much as it can; the backend "
           "has a small window and reads nothing",
     client="RST; no close_notify", backend="the beginning, RST",
     listener=idle("1s", stall_timeout="500ms"), server={"receive_buffer": 8192}, ends=STALLED,
     check_log=loses("to_backend"), metrics={"timeouts stall": {0, 1}})
def stalled_backend(it):
    client, peer = it.connect()
    it.check(client.send(BULK) is False, "the client could send everything")
    it.client_saw(client.read_until_end(), end=RST)
    it.daemon.session(it.name)
    it.backend_saw(peer.recv_until_end(), BULK, end=RST, starts=True)


def arrived(it, line):
    it.check(line["to_client_bytes"] == it.received["client"],
             "the client did not get all that was read")


@row("R120", "a stalled client that reads again before `stall_timeout` gets all that was read",
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
     given="`lifetime: 4s`; the backend sends without a pause",
     client="a beginning, RST; no close_notify", backend="RST",
     listener={"timeouts": {"lifetime": "4s"}},
     ends=Ends("lifetime", None, "reset", "reset", outcome=CUT_OR_WORSE, first_end="proxy"))
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


row("R118", "`lifetime` of a quiet session: the server is asked",
    given="`lifetime: 5s`, `quiet: 1s`; request and answer, then silence from both",
    listener={"timeouts": {"lifetime": "5s"}, "shutdown": {"quiet": "1s"}},
    **asked("lifetime"))(backend_is_asked)


@row("R124", "`lifetime` while the server thinks: a client that is owed an answer is not told an end",
     given="`lifetime: 5s`, `quiet: 300ms`; a request, and no answer yet",
     client="RST; no close_notify", backend="all bytes, RST",
     listener={"timeouts": {"lifetime": "5s"}, "shutdown": {"quiet": "300ms"}},
     ends=Ends("lifetime", None, "reset", "reset", first_end="proxy"))
def lifetime_while_the_server_thinks(it):
    client, peer = it.connect()
    client.send(REQUEST)
    it.client_saw(client.read_until_end(), end=RST)
    it.backend_saw(peer.recv_until_end(), REQUEST, end=RST)


@row("R119", "a half-closed session is ended by its own limit, not by `idle`",
     given="`idle: 3s`, `half_close_timeout: 10s`; the client ends, the backend answers after "
           "4 s",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN",
     listener=idle("3s", half_close_timeout="10s"),
     ends=Ends("client_eof", "backend_eof", "exchanged", "exchanged"))
def not_idle_but_half_closed(it):
    client, peer = it.connect()
    client.send(REQUEST)
    client.goodbye()
    it.backend_saw(peer.recv_until_end(), REQUEST)
    time.sleep(4)
    peer.send(REQUEST)
    peer.fin()
    it.client_saw(client.read_until_end(), REQUEST, close_notify=True)
