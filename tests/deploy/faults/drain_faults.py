"""A peer vanishes, and then the proxy is told to stop."""

from support.rows import Chapter, Ends
from support.tcp import RST

from .parts import ANSWER, bounds

chapter = Chapter("a drain", drain={"timeout": "1500ms", "spread": "0s"})
row = chapter.row


@row("F60", "the client has vanished with an answer on its way",
     given="the client vanishes; the backend answers with 1000 bytes; then SIGTERM",
     client="nothing of the answer", backend="RST", listener=bounds("60s"),
     ends=Ends("drain", None, "reset", "reset", "lost", lost_to_client_bytes=1000,
               first_end="proxy"))
def the_client_has_vanished_before_an_answer(it):
    client, peer = it.exchange()
    it.client_wire.cut()
    peer.send(ANSWER)
    peer.settle()
    it.drain()
    it.backend_sees_reset(peer)
    it.count("to_client", it.left_behind(client))


@row("F61", "the backend has vanished with a request on its way",
     given="the backend vanishes; the client sends 1000 bytes; then SIGTERM",
     client="RST; no close_notify", backend="nothing of the request", listener=bounds("60s"),
     ends=Ends("drain", None, "reset", "reset", "lost", lost_to_backend_bytes=1000,
               first_end="proxy"))
def the_backend_has_vanished_before_a_request(it):
    client, peer = it.exchange()
    it.backend_wire.cut()
    client.send(ANSWER)
    client.settle()
    it.drain()
    it.sees_reset(client.read_until_end())
    it.count("to_backend", it.left_behind_backend(peer))


@row("F62", "the client has vanished while nothing moved: our goodbye is unconfirmed",
     given="`quiet: 300ms`; request and answer; the client vanishes; then SIGTERM",
     client="nothing", backend="FIN", listener=bounds("60s", quiet="300ms"),
     ends=Ends("drain", "backend_eof", "reset", "exchanged", "unconfirmed",
               lost_to_client_bytes=0, first_end="proxy"))
def the_client_has_vanished(it):
    client, peer = it.exchange()
    it.client_wire.cut()
    it.drain()
    it.backend_saw(peer.recv_until_end())
    peer.close()
    it.daemon.session(it.name)
    it.count("to_client", it.left_behind(client))


@row("F63", "the client has vanished after our goodbye",
     given="`timeout: 60s`; the backend answers and ends; the client reads all and vanishes; then "
           "SIGTERM",
     client="all bytes, close_notify, FIN", backend="RST", listener=bounds("60s"),
     ends=Ends("backend_eof", "drain", "reset", "reset", first_end="backend"))
def the_client_has_vanished_after_our_goodbye(it):
    client, peer = it.exchange()
    peer.send(ANSWER)
    peer.fin()
    seen = client.read_until_end()
    it.settle(client)
    it.client_wire.cut()
    it.client_saw(seen, ANSWER, close_notify=True)
    it.arrived["to_client"] += 1000
    it.drain()
    it.backend_saw(peer.recv_until_end(), end=RST)


@row("F64", "the client has vanished before our goodbye",
     given="the client vanishes; the backend answers with 1000 bytes and ends; then SIGTERM",
     client="nothing of the answer", backend="RST", listener=bounds("60s"),
     ends=Ends("backend_eof", "drain", "reset", "reset", "lost", lost_to_client_bytes=1000,
               first_end="backend"))
def the_client_has_vanished_before_our_goodbye(it):
    client, peer = it.exchange()
    it.client_wire.cut()
    peer.send(ANSWER)
    peer.fin()
    peer.settle()
    it.drain()
    peer.wait_until_reset()
    it.count("to_client", it.left_behind(client))


@row("F65", "the backend has vanished while it sent an answer",
     given="`on_proxy_end: reset`; the backend sends 1000 bytes of an answer and vanishes; then "
           "SIGTERM",
     client="1000 bytes, RST; no close_notify", backend="nothing",
     listener=bounds("60s", on_proxy_end="reset"),
     ends=Ends("drain", None, "reset", "reset", first_end="proxy"))
def the_backend_has_vanished(it):
    client, peer = it.exchange()
    peer.send(ANSWER)
    it.settle(peer)
    it.backend_wire.cut()
    it.drain()
    it.count("to_client", it.sees_reset(client.read_until_end()))
    it.left_behind_backend(peer)
