"""Sessions that end before they have begun: the handshake and the connection to the backend."""

import socket
import ssl
import time

from support.rows import Chapter, Ends
from support.tcp import FIN, RST, Observation, pattern
from support.tls_client import TLS12, TLS13, HandshakeFailed, client_context

from .clean_ends import REQUEST
from .tls_ends import details

chapter = Chapter("starts")
row = chapter.row
ANSWER = pattern(100_000, seed=2)
ANY_ACT = {"exchanged", "sent", "reset", "gone"}
NO_BACKEND = Ends("no_backend", None, "reset", "none", first_end="backend")
FAILED = Ends("handshake_failed", None, ANY_ACT, "none")
PROBE = Ends("probe", None, ANY_ACT, "none", first_end="client")


def counted(result):
    """How a handshake that came to nothing is counted; the rest of its closing is no promise."""
    return {f"handshakes {result}": 1, "close_seconds": None, "close_notify missing": None,
            "resets client in": None}


def not_called(it):
    it.check(not it.backend.was_called(), "there was a connection to the backend")


# --- the backend ----------------------------------------------------------------------------------

@row("R50", "a backend that refuses is a reset for the client, never an empty answer",
     given="nothing listens on the server's port while `timeouts.connect` lasts",
     client="RST; no close_notify", backend="-", ends=NO_BACKEND, server={"listening": False},
     check_log=details("refused"))
def refused(it):
    client = it.client().handshake()
    it.client_saw(client.read_until_end(), end=RST)


@row("R51", "the same when the client has sent a request and a close_notify already",
     given="the same; the client sends a request and a close_notify",
     client="RST; no close_notify", backend="-", server={"listening": False},
     ends=Ends({"no_backend", "client_eof"}, {None, "no_backend"}, "reset",
               "none"), metrics={"close_notify received": None})
def refused_with_request(it):
    client = it.client().handshake(hold_last_flight=True)
    client.send_raw(client.encrypt(REQUEST) + client.close_notify())
    it.client_saw(client.read_until_end(), end=RST)


@row("R52", "a backend that does not answer is given up",
     given="the server's queue is full, connections to it hang; `timeouts.connect: 500ms`",
     client="RST; no close_notify", backend="-", ends=NO_BACKEND, server={"backlog": 0},
     listener={"timeouts": {"connect": "500ms"}}, check_log=details("time"))
def black_hole(it):
    with it.backend.full_queue():
        client = it.client().handshake()
        it.client_saw(client.read_until_end(), end=RST)


@row("R53", "a backend that has come back serves again",
     given="one session while nothing listens, one after it does", sessions=2,
     client="RST; then all bytes, close_notify, FIN", backend="-; then all bytes, FIN",
     server={"listening": False},
     ends=Ends({"no_backend", "client_eof"}, {None, "backend_eof"}, {"reset", "exchanged"},
               {"none", "exchanged"}, outcome={"none", "clean"}))
def back_again(it):
    client = it.client().handshake()
    it.client_saw(client.read_until_end(), end=RST)
    it.backend.listen()
    client, peer = it.connect()
    client.send(REQUEST)
    client.goodbye()
    it.backend_saw(peer.recv_until_end(), REQUEST)
    peer.fin()
    it.client_saw(client.read_until_end(), close_notify=True)


@row("R54", "a backend that restarts costs its clients a moment, not their connections",
     given="nothing listens when the client comes and sends a request; 1 s later the server does",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN", server={"listening": False},
     ends=Ends("client_eof", "backend_eof", "exchanged", "exchanged"))
def restarted(it):
    client = it.client().handshake()
    client.send(REQUEST)
    time.sleep(1)
    it.backend.listen()
    peer = it.backend.accept()
    answer_and_end(it, client, peer)


@row("R55", "a full queue of a server on a Unix socket is waited for, as one of TCP is",
     given="the queue has no place when the client comes and sends a request; 1 s later it has",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN", server_kind="unix",
     server={"backlog": 0}, ends=Ends("client_eof", "backend_eof", "exchanged", "exchanged"))
def full_unix_queue(it):
    with socket.socket(socket.AF_UNIX) as before:  # the queue takes one more than its size
        before.connect(it.backend.address)
        client = it.client().handshake()
        client.send(REQUEST)
        time.sleep(1)
        it.backend.accept()
        peer = it.backend.accept()
        answer_and_end(it, client, peer)


def answer_and_end(it, client, peer):
    client.goodbye()
    it.backend_saw(peer.recv_until_end(), REQUEST)
    peer.send(ANSWER)
    peer.fin()
    it.client_saw(client.read_until_end(), ANSWER, close_notify=True)


# --- no TLS at all --------------------------------------------------------------------------------

def raw_end(client):
    """What came over TCP until the end, as it is."""
    seen = Observation()
    while True:
        more = client.receive()
        if more in (FIN, RST):
            seen.end = more
            seen.add(more)
            return seen
        seen.add_data(more)


@row("R60", "a client that connects and closes is a probe",
     given="FIN before the first byte", client="-", backend="no connection", ends=PROBE,
     metrics={"close_seconds": None, "close_notify missing": None, "resets client in": None})
def probe(it):
    it.client().close()
    it.daemon.session(it.name)
    not_called(it)


@row("R61", "a client that connects and resets is a probe",
     given="RST before the first byte", client="-", backend="no connection", ends=PROBE,
     metrics={"close_seconds": None, "close_notify missing": None, "resets client in": None})
def probe_by_reset(it):
    it.client().rst()
    it.daemon.session(it.name)
    not_called(it)


@row("R62", "plain HTTP to the TLS port",
     given="`GET / HTTP/1.1` without TLS", client="an end, no answer of a server",
     backend="no connection", ends=FAILED, metrics=counted("failed"),
     check_log=details("no tls: the client speaks plain http"))
def plain_http(it):
    client = it.client()
    client.send_raw(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    seen = raw_end(client)
    it.note(f"client saw: {seen}")
    it.check(len(seen.data) <= 7, "the client got more than an alert")
    client.close()
    it.daemon.session(it.name)
    not_called(it)


@row("R63", "a first record that is no ClientHello",
     given="a handshake record with an unknown message", client="an alert, then FIN or RST",
     backend="no connection", ends=FAILED, metrics=counted("failed"))
def no_hello(it):
    client = it.client()
    client.send_raw(b"\x16\x03\x01\x00\x08\x63\x00\x00\x04abcd")
    seen = raw_end(client)
    it.note(f"client saw: {seen}")
    it.check(bytes(seen.data[:1]) == b"\x15" and len(seen.data) == 7, "the client got no alert")
    client.close()
    it.daemon.session(it.name)
    not_called(it)


# --- an unfinished handshake ----------------------------------------------------------------------

@row("R64", "a client that ends in the middle of the handshake",
     given="ClientHello, then FIN", client="-", backend="no connection", ends=FAILED,
     metrics=counted("aborted"))
def hello_then_fin(it):
    client = it.client()
    client.send_raw(client.client_hello())
    client.fin()
    it.daemon.session(it.name)
    not_called(it)


@row("R65", "a client that resets in the middle of the handshake",
     given="ClientHello, then RST", client="-", backend="no connection", ends=FAILED,
     metrics=counted("aborted"))
def hello_then_reset(it):
    client = it.client()
    client.send_raw(client.client_hello())
    client.settle()
    client.rst()
    it.daemon.session(it.name)
    not_called(it)


@row("R66", "a client that stops in the middle of the handshake is given up",
     given="half a ClientHello, then silence; `timeouts.handshake: 500ms`",
     client="an end", backend="no connection", ends=FAILED, metrics=counted("timeout"),
     listener={"timeouts": {"handshake": "500ms"}}, check_log=details("timeout", "timed out"))
def half_a_hello(it):
    client = it.client()
    hello = client.client_hello()
    client.send_raw(hello[:len(hello) // 2])
    it.note(f"client saw: {raw_end(client)}")
    not_called(it)


@row("R67", "a client that never says anything is given up",
     given="silence; `timeouts.handshake: 500ms`",
     client="an end", backend="no connection", ends=FAILED, metrics=counted("timeout"),
     listener={"timeouts": {"handshake": "500ms"}}, check_log=details("timeout", "timed out"))
def silence(it):
    client = it.client()
    it.note(f"client saw: {raw_end(client)}")
    not_called(it)


@row("R68", "a handshake that goes on a byte at a time has the same limit",
     given="a ClientHello, one byte each 50 ms; `timeouts.handshake: 500ms`",
     client="an end", backend="no connection", ends=FAILED, metrics=counted("timeout"),
     listener={"timeouts": {"handshake": "500ms"}}, check_log=details("timeout", "timed out"))
def dripping_hello(it):
    client = it.client()
    hello = client.client_hello()
    position = 0
    while position < len(hello) and not client.has_input(0.05):
        client.send_raw(hello[position:position + 1])
        position += 1
    it.note(f"client saw: {raw_end(client)}")
    it.check(position < len(hello), "the whole ClientHello was taken")
    not_called(it)


def handshake_fails(it, client, alert):
    try:
        client.handshake()
        seen = client.read_until_end()
    except HandshakeFailed as failure:
        seen = failure.seen
    it.note(f"client saw: {seen}")
    it.check(seen.alert == alert, f"the client saw alert {seen.alert}, not {alert}")
    client.close()
    it.daemon.session(it.name)
    not_called(it)


@row("R69", "no common TLS version is told by an alert",
     given="the client offers only the other version", client="alert protocol_version",
     backend="no connection", ends=FAILED, metrics=counted("failed"))
def no_common_version(it):
    other = TLS13 if it.version == TLS12 else TLS12
    handshake_fails(it, it.client(version=other), "protocol_version")


@row("R70", "a client that does not trust the certificate says so in the handshake",
     given="the client verifies the self-signed certificate", client="-", backend="no connection",
     ends=FAILED, metrics=counted("failed"), check_log=details("unknown ca"))
def distrust(it):
    context = client_context(it.version)
    context.verify_mode = ssl.CERT_REQUIRED
    client = it.client(context=context)
    try:
        client.handshake()
        it.fail("the client took the certificate")
    except HandshakeFailed as failure:
        it.note(f"client: {failure}")
    client.close()
    it.daemon.session(it.name)
    not_called(it)


@row("R71", "no connection is made to the backend before the handshake is done",
     given="the client holds its Finished back, then sends it and goes on",
     client="close_notify, FIN", backend="FIN, and no connection before the Finished",
     ends=Ends("client_eof", "backend_eof", "exchanged", "exchanged"), versions=(TLS13,))
def held_finished(it):
    client = it.client().handshake(hold_last_flight=True)
    it.check(not client.has_input(0.3), "the proxy spoke before the Finished")
    not_called(it)
    client.goodbye()
    peer = it.backend.accept()
    it.backend_saw(peer.recv_until_end())
    peer.fin()
    it.client_saw(client.read_until_end(), close_notify=True)
