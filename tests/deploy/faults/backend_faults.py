"""The backend's side of the network breaks. What the client is told does not hang on its version of
TLS: these rows run with one."""

from support.rows import Chapter, Ends
from support.tcp import RST, pattern
from support.tls_client import TLS12, TLS13

from .parts import ANSWER, bounds, passes_a_gap
from .sockets import BELOW_A_MINUTE
from .stream import is_beginning

chapter = Chapter("the backend's network")


def row(*arguments, **fields):
    fields.setdefault("versions", (TLS13,))
    return chapter.row(*arguments, **fields)


def uploads(it):
    """A session through which an upload flows."""
    client, peer = it.connect()
    stream = it.stream("to_backend", client)
    it.check(is_beginning(peer.recv_exactly(300_000)), "the upload differs")
    return client, peer, stream


def rest_of_upload(it, peer, skipped=300_000):
    it.arrived["to_backend"] = skipped + len(it.left_behind_backend(peer).data)


@row("F30", "the backend vanishes during an upload",
     given="`idle: 3s`, `stall_timeout: 2s`; the backend vanishes while the client sends as "
           "much as it can",
     client="RST; no close_notify", backend="the beginning", listener=bounds(stall_timeout="2s"),
     ends=Ends("write_stalled", {None, "write_stalled"}, "reset", "reset", "lost",
               first_end="proxy"), metrics={"timeouts stall": 1}, versions=(TLS12, TLS13))
def vanishes_during_an_upload(it):
    client, peer, stream = uploads(it)
    it.backend_wire.cut()
    it.sees_reset(client.read_until_end())
    stream.stop()
    rest_of_upload(it, peer)


@row("F31", "the backend vanishes with a request on its way",
     given="`idle: 3s`, `stall_timeout: 2s`; the backend vanishes; then the client sends "
           "1000 bytes",
     client="RST; no close_notify", backend="nothing of the request",
     listener=bounds(stall_timeout="2s"),
     ends=Ends("write_stalled", {None, "write_stalled"}, "reset", "reset", "lost",
               lost_to_backend_bytes=1000, lost_to_client_bytes=0, first_end="proxy"),
     metrics={"timeouts stall": 1})
def vanishes_before_a_request(it):
    client, peer = it.exchange()
    it.backend_wire.cut()
    client.send(ANSWER)
    it.sees_reset(client.read_until_end())
    it.count("to_backend", it.left_behind_backend(peer))


@row("F32", "keepalive finds a backend that vanished in the middle of an answer, however long "
            "`idle` is: the client gets no clean end",
     given="`idle: 168h`; the backend sends 100 000 bytes of an answer and vanishes; keepalive as "
           "in F4",
     client="100 000 bytes, RST; no close_notify", backend="nothing", listener=bounds("168h"),
     ends=Ends("backend_reset", None, "reset", "gone", first_end="backend"),
     versions=(TLS12, TLS13))
def vanishes_in_the_middle_of_an_answer(it):
    client, peer = it.exchange()
    peer.send(pattern(100_000))
    it.settle(peer)
    client.read_exactly(100_000)
    it.settle(client)
    it.hasten_keepalive(peer, BELOW_A_MINUTE)
    it.backend_wire.cut()
    it.sees_reset(client.read_until_end())
    it.arrived["to_client"] += 100_000
    it.left_behind_backend(peer)


@row("F33", "the same while the backend sends as much as it can",
     given="`idle: 168h`; the backend vanishes during a download; keepalive as in F4",
     client="the beginning, RST; no close_notify", backend="nothing", listener=bounds("168h"),
     ends=Ends("backend_reset", None, "reset", "gone", first_end="backend"))
def vanishes_during_a_download(it):
    client, peer = it.connect()
    stream = it.stream("to_client", peer)
    it.check(is_beginning(client.read_exactly(300_000)), "the download differs")
    it.hasten_keepalive(peer, BELOW_A_MINUTE)
    it.backend_wire.cut()
    seen = it.sees_reset(client.read_until_end())
    stream.stop()
    it.arrived["to_client"] = 300_000 + len(seen.data)
    it.left_behind_backend(peer)


@row("F34", "the backend vanishes while nothing moves, without a bound of ours",
     given="`idle: off`; request and answer, then the backend vanishes; keepalive as in F4",
     client="RST; no close_notify", backend="nothing", listener=bounds("off"),
     ends=Ends("backend_reset", None, "reset", "gone", first_end="backend"))
def vanishes_while_idle(it):
    client, peer = it.exchange()
    it.hasten_keepalive(peer, BELOW_A_MINUTE)
    it.backend_wire.cut()
    it.sees_reset(client.read_until_end())
    it.left_behind_backend(peer)


@row("F35", "the kernel gives up a backend that vanished during an upload",
     given="`idle: off`; the backend vanishes while the client sends as much as it can; the "
           "kernel's limit as in F6",
     client="RST; no close_notify", backend="the beginning", listener=bounds("off"),
     ends=Ends("backend_reset", None, "reset", "gone", "lost", first_end="backend"))
def is_given_up_during_an_upload(it):
    client, peer, stream = uploads(it)
    it.hasten_retransmission(peer)
    it.backend_wire.cut()
    it.sees_reset(client.read_until_end())
    stream.stop()
    rest_of_upload(it, peer)
    it.check(it.daemon.session(it.name)["unconfirmed_to_backend_bytes"] > 0,
             "the kernel held nothing")


@row("F36", "nothing reaches the backend, while its own packets pass",
     given="`idle: 3s`, `stall_timeout: 2s`; packets to the backend are dropped; it sends "
           "1000 bytes, and so does the client",
     client="all bytes, RST; no close_notify", backend="nothing of the request",
     listener=bounds(stall_timeout="2s"),
     ends=Ends("write_stalled", {None, "write_stalled"}, "reset", "reset", "lost",
               lost_to_backend_bytes=1000, lost_to_client_bytes=0, first_end="proxy"),
     metrics={"timeouts stall": 1})
def nothing_reaches_the_backend(it):
    client, peer = it.exchange()
    it.backend_wire.lose_to_peer()
    peer.send(ANSWER)
    it.check(client.read_exactly(1000) == ANSWER, "the answer differs")
    it.arrived["to_client"] += 1000
    client.send(ANSWER)
    it.sees_reset(client.read_until_end())
    it.count("to_backend", it.left_behind_backend(peer))


@row("F37", "nothing comes from the backend, not even that it has the request: not known is "
            "lost",
     given="`idle: 3s`, `stall_timeout: 2s`; packets from the backend are dropped; the "
           "client sends 1000 bytes",
     client="RST; no close_notify", backend="all bytes, RST",
     listener=bounds(stall_timeout="2s"),
     ends=Ends("write_stalled", {None, "write_stalled"}, "reset", "reset", "lost",
               lost_to_backend_bytes=1000, first_end="proxy"), metrics={"timeouts stall": 1})
def nothing_comes_from_the_backend(it):
    client, peer = it.exchange()
    it.backend_wire.lose_to_proxy()
    client.send(ANSWER)
    it.count("to_backend", it.backend_sees_reset(peer))
    it.sees_reset(client.read_until_end())


@row("F38", "the backend's FIN is lost: it has not ended",
     given="`on_proxy_end: reset`, `idle: 3s`; every FIN of the backend is dropped; it answers "
           "and ends",
     client="all bytes, RST; no close_notify", backend="RST",
     listener=bounds(on_proxy_end="reset"),
     ends=Ends("idle_timeout", None, "reset", "reset", first_end="proxy"))
def the_fin_is_lost(it):
    client, peer = it.exchange()
    it.backend_wire.lose_to_proxy("fin")
    peer.send(ANSWER)
    it.settle(peer)
    peer.fin()
    seen = it.sees_reset(client.read_until_end())
    it.count("to_client", seen)
    it.check(peer.recv_until_end().end == RST, "the backend saw no RST")


@row("F39", "our FIN to the backend is lost: a request whose end it does not know is unconfirmed",
     given="`stall_timeout: 2s`; every FIN to the backend is dropped; request and close_notify "
           "from the client",
     client="RST; no close_notify", backend="all bytes, RST",
     listener=bounds("60s", stall_timeout="2s"),
     ends=Ends("client_eof", "write_stalled", "reset", "reset", "unconfirmed",
               lost_to_backend_bytes=0, first_end="client"))
def our_fin_is_lost(it):
    client, peer = it.exchange()
    it.backend_wire.lose_to_peer("fin")
    client.send(ANSWER)
    it.check(peer.recv_exactly(1000) == ANSWER, "the request differs")
    it.arrived["to_backend"] += 1000
    it.settle(client, peer)
    client.send_close_notify()
    it.sees_reset(client.read_until_end())
    it.backend_sees_reset(peer)


@row("F40", "our RST to the backend is lost: it meets the next one when it sends",
     given="every RST to the backend is dropped; the client resets; then packets pass again, and "
           "the backend sends",
     client="-", backend="nothing; then RST", listener=bounds("60s"),
     ends=Ends("client_reset", None, "gone", "reset", first_end="client"))
def our_rst_is_lost(it):
    client, peer = it.exchange()
    it.backend_wire.lose_to_peer("rst")
    client.rst()
    it.daemon.session(it.name)
    it.left_behind_backend(peer)
    it.backend_wire.heal()
    peer.send(ANSWER)
    it.backend_sees_reset(peer)


@row("F41", "the backend's RST is lost during an upload",
     given="`idle: 3s`, `stall_timeout: 2s`; every RST of the backend is dropped; it resets "
           "during an upload",
     client="RST; no close_notify", backend="-", listener=bounds(stall_timeout="2s"),
     ends=Ends("write_stalled", {None, "write_stalled"}, "reset", "reset", "lost",
               first_end="proxy"), metrics={"timeouts stall": 1})
def the_rst_is_lost(it):
    client, peer, stream = uploads(it)
    it.backend_wire.lose_to_proxy("rst")
    peer.rst()
    it.sees_reset(client.read_until_end())
    stream.stop()


def finds_no_backend(it):
    client = it.client().handshake()
    client.send(ANSWER)
    it.sees_reset(client.read_until_end())
    it.check(not it.backend.was_called(), "there was a connection")


NO_BACKEND = dict(client="RST; no close_notify", backend="no connection",
                  listener={"timeouts": {"connect": "700ms"}},
                  ends=Ends("no_backend", None, "reset", "none", first_end="backend"))


@row("F42", "a backend that is not there does not answer",
     given="`timeouts.connect: 700ms`; the backend has vanished; a client comes",
     **{**NO_BACKEND, "versions": (TLS12, TLS13)})
def has_vanished_before(it):
    it.backend_wire.cut()
    finds_no_backend(it)


@row("F43", "every SYN to the backend is dropped",
     given="`timeouts.connect: 700ms`; every SYN to the backend is dropped; a client comes",
     **NO_BACKEND)
def the_syn_is_lost(it):
    it.backend_wire.lose_to_peer("syn")
    finds_no_backend(it)


@row("F44", "every answer to a SYN is dropped",
     given="`timeouts.connect: 700ms`; every packet from the backend is dropped; a client comes",
     **NO_BACKEND)
def the_answer_to_the_syn_is_lost(it):
    it.backend_wire.lose_to_proxy()
    finds_no_backend(it)


@row("F45", "the backend never learns that the connection stands",
     given="`idle: 3s`, `stall_timeout: 2s`; everything behind the SYN to the backend is "
           "dropped; the client sends 1000 bytes",
     client="RST; no close_notify", backend="no connection",
     listener=bounds(stall_timeout="2s"),
     ends=Ends("write_stalled", {None, "write_stalled"}, "reset", "reset", "lost",
               lost_to_backend_bytes=1000, first_end="proxy"), metrics={"timeouts stall": 1})
def the_last_step_of_connecting_is_lost(it):
    it.backend_wire.lose_to_peer("ack")
    finds_no_backend(it)
    it.arrived["to_backend"] = 0


@row("F46", "the backend vanishes after the client's goodbye, with the request on its way",
     given="`stall_timeout: 2s`; the backend vanishes; then request and close_notify from the "
           "client",
     client="RST; no close_notify", backend="nothing of the request",
     listener=bounds("60s", stall_timeout="2s"),
     ends=Ends("client_eof", "write_stalled", "reset", "reset", "lost",
               lost_to_backend_bytes=1000, first_end="client"))
def vanishes_before_the_request_and_its_end(it):
    client, peer = it.exchange()
    it.backend_wire.cut()
    client.send(ANSWER)
    client.send_close_notify()
    it.sees_reset(client.read_until_end())
    it.count("to_backend", it.left_behind_backend(peer))


@row("F47", "the backend vanishes after it has got the request and its end",
     given="`half_close_timeout: 1500ms`, `on_proxy_end: reset`; request and close_notify from the "
           "client; the backend has both and vanishes",
     client="RST; no close_notify", backend="all bytes, FIN",
     listener=bounds("60s", half_close_timeout="1500ms", on_proxy_end="reset"),
     ends=Ends("client_eof", "half_close_timeout", "reset", "reset", first_end="client"),
     versions=(TLS12, TLS13))
def vanishes_instead_of_an_answer(it):
    client, peer = it.exchange()
    client.send(ANSWER)
    client.send_close_notify()
    it.backend_saw(peer.recv_until_end(), ANSWER)
    it.arrived["to_backend"] += 1000
    it.settle(client, peer)
    it.backend_wire.cut()
    it.sees_reset(client.read_until_end())


@row("F48", "the backend vanishes after its own end, while it gets the rest of an upload",
     given="`stall_timeout: 2s`; the backend answers and ends, and vanishes while the client "
           "sends as much as it can",
     client="all bytes, close_notify, FIN; then RST", backend="the beginning",
     listener=bounds("60s", stall_timeout="2s"),
     ends=Ends("backend_eof", "write_stalled", "sent", "reset", "lost", lost_to_client_bytes=0,
               first_end="backend"))
def vanishes_after_its_end(it):
    client, peer, stream = uploads(it)
    peer.send(ANSWER)
    peer.fin()
    it.client_saw(client.read_until_end(), ANSWER, close_notify=True)
    it.arrived["to_client"] = 1000
    it.backend_wire.cut()
    client.wait_until_reset()
    stream.stop()
    rest_of_upload(it, peer)


@row("F49", "the path to the backend comes back in time: nothing is lost",
     given="all packets both ways are dropped for a moment, in the middle of 3 MB each way",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN", listener=bounds("60s"),
     ends=Ends("backend_eof", "client_eof", "exchanged", "exchanged", first_end="backend"),
     versions=(TLS12, TLS13))
def the_path_comes_back(it):
    passes_a_gap(it, it.backend_wire)


@row("F50", "the backend's link comes back in time",
     given="the backend's link is down for a moment, in the middle of 3 MB each way",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN", listener=bounds("60s"),
     ends=Ends("backend_eof", "client_eof", "exchanged", "exchanged", first_end="backend"))
def the_link_comes_back(it):
    passes_a_gap(it, it.backend_wire, link=True)


@row("F51", "a middlebox answers for the backend, with RST",
     given="the client sends 1000 bytes; on their way to the backend they are dropped and answered "
           "with RST",
     client="RST; no close_notify", backend="nothing of the request", listener=bounds("60s"),
     ends=Ends("backend_reset", None, "reset", "gone", "unconfirmed", lost_to_backend_bytes=0,
               unconfirmed_to_backend_bytes=1000,
               first_end="backend"))
def a_middlebox_resets(it):
    client, peer = it.exchange()
    it.backend_wire.refuse_to_peer()
    client.send(ANSWER)
    it.sees_reset(client.read_until_end())
    it.count("to_backend", it.left_behind_backend(peer))


def answers_a_client_that_has_ended(it):
    client, peer = it.exchange()
    client.send_close_notify()
    it.backend_saw(peer.recv_until_end())
    peer.send(ANSWER)
    it.settle(peer)
    client.read_exactly(1000)
    it.settle(client)
    it.arrived["to_client"] += 1000
    return client, peer


def vanishes_in_an_answer_to_a_client_that_has_ended(it):
    client, _ = answers_a_client_that_has_ended(it)
    it.backend_wire.cut()
    it.sees_reset(client.read_until_end())


@row("F52", "a backend that vanished in the middle of its answer to a client that has ended: keepalive "
            "is quicker than the bound, and says what it was",
     given="`half_close_timeout: 3s`; close_notify from the client; the backend sends 1000 bytes "
           "of an answer and vanishes",
     client="1000 bytes, RST; no close_notify", backend="FIN",
     listener=bounds("60s", half_close_timeout="3s"),
     ends=Ends("client_eof", "backend_reset", "reset", "gone", first_end="client"),
     versions=(TLS12, TLS13))
def is_found_before_the_bound(it):
    vanishes_in_an_answer_to_a_client_that_has_ended(it)


@row("F53", "the same with a bound that is too short for keepalive",
     given="`half_close_timeout: 1500ms`; the same",
     client="1000 bytes, RST; no close_notify", backend="FIN",
     listener=bounds("60s", half_close_timeout="1500ms"),
     ends=Ends("client_eof", "half_close_timeout", "reset", "reset", first_end="client"))
def is_not_taken_for_quiet(it):
    vanishes_in_an_answer_to_a_client_that_has_ended(it)


@row("F54", "the same with a backend that is there, and silent",
     given="`half_close_timeout: 1500ms`; close_notify from the client; the backend sends 1000 "
           "bytes of an answer and falls silent",
     client="1000 bytes, RST; no close_notify", backend="FIN; then RST",
     listener=bounds("60s", half_close_timeout="1500ms"),
     ends=Ends("client_eof", "half_close_timeout", "reset", "reset", first_end="client"))
def is_there_and_silent(it):
    client, peer = answers_a_client_that_has_ended(it)
    it.sees_reset(client.read_until_end())
