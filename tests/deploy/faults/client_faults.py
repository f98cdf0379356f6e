"""The client's side of the network breaks."""

from support.rows import Chapter, Ends
from support.tcp import pattern

from .parts import ANSWER, BEHIND, bounds, downloads, passes_a_gap, rest_of_download
from .stream import is_beginning

chapter = Chapter("the client's network")
row = chapter.row


@row("F1", "the client vanishes during a download",
     given="`idle: 3s`, `stall_timeout: 2s`; the client vanishes while the backend sends as "
           "much as it can",
     client="the beginning", backend="RST", listener=bounds(stall_timeout="2s"),
     ends=Ends("write_stalled", {None, "write_stalled"}, "reset", "reset", "lost",
               first_end="proxy"), metrics={"timeouts stall": 1})
def vanishes_during_a_download(it):
    client, peer, stream = downloads(it)
    it.client_wire.cut()
    it.backend_sees_reset(peer)
    stream.stop()
    rest_of_download(it, client)


@row("F2", "the client vanishes with an answer on its way",
     given="`idle: 3s`, `stall_timeout: 2s`; the client vanishes; then the backend answers "
           "with 1000 bytes",
     client="nothing of the answer", backend="RST", listener=bounds(stall_timeout="2s"),
     ends=Ends("write_stalled", {None, "write_stalled"}, "reset", "reset", "lost",
               lost_to_client_bytes=1000, first_end="proxy"), metrics={"timeouts stall": 1})
def vanishes_before_an_answer(it):
    client, peer = it.exchange()
    it.client_wire.cut()
    peer.send(ANSWER)
    it.backend_sees_reset(peer)
    it.count("to_client", it.left_behind(client))


@row("F3", "the client vanishes while nothing moves: keepalive is quicker than the idle time, so the "
           "backend gets no clean end in its name",
     given="`idle: 3s`; request and answer, then the client vanishes",
     client="nothing", backend="RST", listener=bounds("3s"),
     ends=Ends("client_reset", None, "gone", "reset", first_end="client"))
def vanishes_while_idle(it):
    client, peer = it.exchange()
    it.client_wire.cut()
    it.backend_sees_reset(peer)
    it.count("to_client", it.left_behind(client))


@row("F4", "keepalive finds a client that vanished while nothing moved, however long `idle` is",
     given="`idle: 168h`; request and answer, then the client vanishes; the clocks of keepalive "
           "are made shorter from outside",
     client="nothing", backend="RST", listener=bounds("168h"),
     ends=Ends("client_reset", None, "gone", "reset", first_end="client"))
def vanishes_and_is_found_by_keepalive(it):
    client, peer = it.exchange()
    it.hasten_keepalive(client)
    it.client_wire.cut()
    it.backend_sees_reset(peer)
    it.count("to_client", it.left_behind(client))


@row("F5", "the same without a bound of ours",
     given="`idle: off`; as F4",
     client="nothing", backend="RST", listener=bounds("off"),
     ends=Ends("client_reset", None, "gone", "reset", first_end="client"))
def vanishes_and_idle_is_off(it):
    vanishes_and_is_found_by_keepalive(it)


@row("F6", "the kernel gives up a client that vanished with an answer on its way",
     given="`idle: off`; the client vanishes; then the backend answers with 1000 bytes; the "
           "kernel's limit for retransmissions is made shorter from outside",
     client="nothing of the answer", backend="RST", listener=bounds("off"),
     ends=Ends("client_reset", None, "gone", "reset", "unconfirmed", lost_to_client_bytes=0,
               unconfirmed_to_client_bytes=1000,
               first_end="client"))
def is_given_up_with_an_answer(it):
    client, peer = it.exchange()
    it.hasten_retransmission(client)
    it.client_wire.cut()
    peer.send(ANSWER)
    it.backend_sees_reset(peer)
    it.count("to_client", it.left_behind(client))


@row("F7", "the kernel gives up a client that vanished during a download",
     given="`idle: off`; the client vanishes while the backend sends as much as it can; the "
           "kernel's limit as in F6",
     client="the beginning", backend="RST", listener=bounds("off"),
     ends=Ends("client_reset", None, "gone", "reset", "lost", first_end="client"))
def is_given_up_during_a_download(it):
    client, peer, stream = downloads(it)
    it.hasten_retransmission(client)
    it.client_wire.cut()
    it.backend_sees_reset(peer)
    stream.stop()
    rest_of_download(it, client)
    it.check(it.daemon.session(it.name)["unconfirmed_to_client_bytes"] > 0,
             "the kernel held nothing")


@row("F8", "nothing reaches the client, while its own packets pass",
     given="`idle: 3s`, `stall_timeout: 2s`; packets to the client are dropped; it sends "
           "1000 bytes, and the backend answers with 1000",
     client="nothing of the answer", backend="all bytes, RST",
     listener=bounds(stall_timeout="2s"),
     ends=Ends("write_stalled", {None, "write_stalled"}, "reset", "reset", "lost",
               lost_to_client_bytes=1000, lost_to_backend_bytes=0, first_end="proxy"),
     metrics={"timeouts stall": 1})
def nothing_reaches_the_client(it):
    client, peer = it.exchange()
    it.client_wire.lose_to_peer()
    client.send(ANSWER)
    it.check(peer.recv_exactly(1000) == ANSWER, "the request differs")
    it.arrived["to_backend"] += 1000
    peer.send(ANSWER)
    it.backend_sees_reset(peer)
    it.count("to_client", it.left_behind(client))


@row("F9", "nothing comes from the client, not even that it has the answer: not known is lost",
     given="`stall_timeout: 2s`; packets from the client are dropped; the backend answers with "
           "1000 bytes and ends",
     client="all bytes, close_notify, FIN; then RST", backend="RST",
     listener=bounds("60s", stall_timeout="2s"),
     ends=Ends("backend_eof", "write_stalled", "reset", "reset", "lost",
               lost_to_client_bytes=1000, first_end="backend"))
def nothing_comes_from_the_client(it):
    client, peer = it.exchange()
    it.client_wire.lose_to_proxy()
    peer.send(ANSWER)
    peer.fin()
    seen = client.read_until_end()
    it.client_saw(seen, ANSWER, close_notify=True)
    it.arrived["to_client"] += 1000
    peer.wait_until_reset()
    client.wait_until_reset()


@row("F10", "the client's FIN is lost, its close_notify is not: the session is clean",
     given="every FIN of the client is dropped; it sends a request, close_notify and FIN; the "
           "backend answers",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN", listener=bounds("60s"),
     ends=Ends("client_eof", "backend_eof", "exchanged", "exchanged", first_end="client"))
def the_fin_is_lost_behind_a_close_notify(it):
    client, peer = it.exchange()
    it.client_wire.lose_to_proxy("fin")
    client.send(ANSWER)
    client.send_close_notify()
    client.settle()
    client.fin()
    it.backend_saw(peer.recv_until_end(), ANSWER)
    peer.send(ANSWER)
    peer.fin()
    it.client_saw(client.read_until_end(), ANSWER, close_notify=True)
    it.arrived = {"to_client": 2000, "to_backend": 2000}


@row("F11", "the client's FIN is lost, and there was no close_notify: it has not ended",
     given="`idle: 3s`, `timeout: 2s`; every FIN of the client is dropped; request and answer, "
           "then a FIN from the client",
     client="close_notify, FIN", backend="FIN", listener=bounds("3s", timeout="2s"),
     ends=Ends("idle_timeout", {"backend_eof", "close_timeout"}, "sent", "exchanged",
               first_end="proxy"),
     metrics={"close_notify timeout": 1, "timeouts close_notify": 1})
def the_fin_is_lost_alone(it):
    client, peer = it.exchange()
    it.client_wire.lose_to_proxy("fin")
    client.fin()
    it.backend_saw(peer.recv_until_end())
    peer.close()
    it.client_saw(client.read_until_end(), close_notify=True)


@row("F12", "our FIN to the client is lost: its close_notify is an end, ours is unconfirmed",
     given="`stall_timeout: 2s`; every FIN to the client is dropped; the backend answers and "
           "ends; the client reads the close_notify and says goodbye",
     client="all bytes, close_notify", backend="FIN",
     listener=bounds("60s", stall_timeout="2s"),
     ends=Ends("backend_eof", "client_eof", "exchanged", "exchanged", "unconfirmed",
               lost_to_client_bytes=0, first_end="backend"),
     metrics={"timeouts stall": 1})
def our_fin_is_lost(it):
    client, peer = it.exchange()
    it.client_wire.lose_to_peer("fin")
    peer.send(ANSWER)
    client.read_exactly(1000)
    it.settle(client, peer)
    peer.fin()
    seen = client.read_until_close_notify()
    client.goodbye()
    it.backend_saw(peer.recv_until_end())
    it.daemon.session(it.name)
    it.client_saw(seen, end=None, close_notify=True)
    it.arrived["to_client"] = 2000


@row("F13", "the client's RST is lost during a download",
     given="`idle: 3s`, `stall_timeout: 2s`; every RST of the client is dropped; it resets "
           "during a download",
     client="-", backend="RST", listener=bounds(stall_timeout="2s"),
     ends=Ends("write_stalled", {None, "write_stalled"}, "reset", "reset", "lost",
               first_end="proxy"), metrics={"timeouts stall": 1})
def the_rst_is_lost(it):
    client, peer, stream = downloads(it)
    it.client_wire.lose_to_proxy("rst")
    client.rst()
    it.arrived["to_client"] = None
    it.backend_sees_reset(peer)
    stream.stop()


@row("F14", "the client's RST is lost while nothing moves",
     given="`idle: 3s`; every RST of the client is dropped; request and answer, then RST",
     client="-", backend="RST", listener=bounds("3s"),
     ends=Ends("client_reset", None, "gone", "reset", first_end="client"))
def the_rst_is_lost_while_idle(it):
    client, peer = it.exchange()
    it.client_wire.lose_to_proxy("rst")
    client.rst()
    it.backend_sees_reset(peer)


@row("F15", "the client vanishes before it has answered our goodbye",
     given="`timeout: 2s`; the backend answers and ends; the client reads all, and vanishes "
           "without a goodbye",
     client="all bytes, close_notify, FIN", backend="RST", listener=bounds("60s", timeout="2s"),
     ends=Ends("backend_eof", "close_timeout", "sent", "reset", first_end="backend"))
def vanishes_after_our_goodbye(it):
    client, peer = it.exchange()
    peer.send(ANSWER)
    peer.fin()
    seen = client.read_until_end()
    it.settle(client)
    it.client_wire.cut()
    it.client_saw(seen, ANSWER, close_notify=True)
    it.arrived["to_client"] += 1000
    peer.wait_until_reset()


@row("F16", "the client vanishes before our goodbye",
     given="`stall_timeout: 2s`; the client vanishes; then the backend answers with 1000 bytes "
           "and ends",
     client="nothing of the answer", backend="RST", listener=bounds("60s", stall_timeout="2s"),
     ends=Ends("backend_eof", "write_stalled", "reset", "reset", "lost",
               lost_to_client_bytes=1000, first_end="backend"), metrics=BEHIND)
def vanishes_before_our_goodbye(it):
    client, peer = it.exchange()
    it.client_wire.cut()
    peer.send(ANSWER)
    peer.fin()
    peer.wait_until_reset()
    it.count("to_client", it.left_behind(client))


@row("F17", "the client vanishes while the end of a long answer is delivered",
     given="`stall_timeout: 5s`; the backend sends 1 MB and ends; the client has a small window, "
           "and vanishes once the proxy has read the end",
     client="the beginning", backend="RST", listener=bounds("60s", stall_timeout="5s"),
     ends=Ends("backend_eof", "write_stalled", "reset", "reset", "lost", first_end="backend"),
     metrics=BEHIND)
def vanishes_during_delivery(it):
    client, peer = it.connect(receive_buffer=16 * 1024)
    peer.send(pattern(1_000_000))
    peer.fin()
    came = 0
    while it.daemon.scrape().sum("ferrule_sessions_closing", listener=it.name) == 0:
        came += len(client.read_exactly(20_000))
    it.client_wire.cut()
    peer.wait_until_reset()
    rest_of_download(it, client, came)


@row("F18", "the client vanishes after its own goodbye, while it gets the answer",
     given="`stall_timeout: 2s`; request and close_notify from the client, which vanishes while "
           "the backend sends as much as it can",
     client="the beginning", backend="all bytes, FIN; then RST",
     listener=bounds("60s", stall_timeout="2s"),
     ends=Ends("client_eof", "write_stalled", "reset", "reset", "lost", lost_to_backend_bytes=0,
               first_end="client"))
def vanishes_after_its_goodbye(it):
    client, peer = it.connect()
    client.send(ANSWER)
    client.send_close_notify()
    it.backend_saw(peer.recv_until_end(), ANSWER)
    it.arrived["to_backend"] = 1000
    stream = it.stream("to_client", peer)
    it.check(is_beginning(client.read_exactly(300_000)), "the download differs")
    it.client_wire.cut()
    peer.wait_until_reset()
    stream.stop()
    rest_of_download(it, client)


@row("F19", "the client vanishes during the handshake",
     given="`timeouts.handshake: 700ms`; the client vanishes after its ClientHello",
     client="-", backend="no connection",
     listener={"timeouts": {"handshake": "700ms"}, "shutdown": {"stall_timeout": "700ms"}},
     ends=Ends("handshake_failed", {None, "write_stalled"}, "reset", "none",
               first_end="client"),
     metrics={"timeouts stall": None})
def vanishes_during_the_handshake(it):
    client = it.client()
    hello = client.client_hello()
    client.send_raw(hello[:100])
    client.settle()
    it.client_wire.cut()
    it.daemon.session(it.name)
    it.check(not it.backend.was_called(), "a connection to the backend")


@row("F20", "the path to the client comes back in time: nothing is lost",
     given="all packets both ways are dropped for a moment, in the middle of 3 MB each way",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN", listener=bounds("60s"),
     ends=Ends("backend_eof", "client_eof", "exchanged", "exchanged", first_end="backend"))
def the_path_comes_back(it):
    passes_a_gap(it, it.client_wire)


@row("F21", "the client's link comes back in time",
     given="the client's link is down for a moment, in the middle of 3 MB each way",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN", listener=bounds("60s"),
     ends=Ends("backend_eof", "client_eof", "exchanged", "exchanged", first_end="backend"))
def the_link_comes_back(it):
    passes_a_gap(it, it.client_wire, link=True)


@row("F22", "a middlebox answers for the client, with RST",
     given="the backend answers with 1000 bytes; on their way to the client they are dropped and "
           "answered with RST",
     client="nothing of the answer", backend="RST", listener=bounds("60s"),
     ends=Ends("client_reset", None, "gone", "reset", "unconfirmed", lost_to_client_bytes=0,
               unconfirmed_to_client_bytes=1000,
               first_end="client"))
def a_middlebox_resets(it):
    client, peer = it.exchange()
    it.client_wire.refuse_to_peer()
    peer.send(ANSWER)
    it.backend_sees_reset(peer)
    it.count("to_client", it.left_behind(client))


@row("F23", "a client that has ended, FIN and all, gets what was said once packets pass again: our "
            "kernel goes on with it when we have let go",
     given="`stall_timeout: 2s`; request, close_notify and FIN from the client; packets to it "
           "are dropped until the session is over; the backend answers with 1000 bytes and ends",
     client="all bytes, close_notify, FIN, once packets pass again", backend="all bytes, FIN",
     listener=bounds("60s", stall_timeout="2s"),
     ends=Ends("client_eof", "backend_eof", "exchanged", "exchanged", "unconfirmed",
               lost_to_client_bytes=0, unconfirmed_to_client_bytes=1000, first_end="client"),
     metrics={"timeouts stall": 1})
def a_client_that_has_ended_gets_what_was_said(it):
    client, peer = it.exchange()
    client.send(ANSWER)
    client.goodbye()
    it.settle(client)
    it.client_wire.lose_to_peer()
    it.backend_saw(peer.recv_until_end(), ANSWER)
    it.arrived["to_backend"] += 1000
    peer.send(ANSWER)
    peer.fin()
    it.daemon.session(it.name)
    it.client_wire.heal()
    it.client_saw(client.read_until_end(), ANSWER, close_notify=True)
    it.arrived["to_client"] = 2000


@row("F24", "the client vanishes, and the idle time is too short for keepalive",
     given="`idle: 1700ms`, `stall_timeout: 2s`; request and answer, then the client vanishes",
     client="nothing", backend="RST", listener=bounds("1700ms", stall_timeout="2s"),
     ends=Ends("idle_timeout", None, "reset", "reset", first_end="proxy"))
def vanishes_and_idle_is_short(it):
    client, peer = it.exchange()
    it.client_wire.cut()
    it.backend_sees_reset(peer)
    it.count("to_client", it.left_behind(client))
