"""Ends that come in an odd shape: in one segment, with a KeyUpdate pending, or a few bytes at a
time."""

import socket

from support.raw_records import ALERT, APPLICATION_DATA, CLOSE_NOTIFY
from support.tcp import RST, pattern
from support.tls_client import TLS13

from .bad_ends import BACKEND_RESET
from .clean_ends import BACKEND_FIRST, CLIENT_FIRST, MIB, REQUEST, counts
from .edges import chapter
from .starts import FAILED, counted, not_called

row = chapter.row
LONG = pattern(64_000)
DRIP = {"chunk": 256, "pause": 0.002}  # how a very slow reader reads


@row("R140", "close_notify and FIN may come in one segment",
     given="the client sends a request, a close_notify and the FIN in a single segment; the "
           "backend answers and ends",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN", ends=CLIENT_FIRST,
     check_log=counts(1000, 1000))
def one_segment(it):
    client, peer = it.connect()
    client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)  # the FIN joins what waits
    client.send_raw(client.encrypt(REQUEST) + client.close_notify())
    client.fin()
    it.backend_saw(peer.recv_until_end(), REQUEST)
    peer.send(REQUEST)
    peer.fin()
    it.client_saw(client.read_until_end(), REQUEST, close_notify=True)


@row("R141", "a KeyUpdate that is still to be answered does not disturb the end",
     given="TLS 1.3: a request, a KeyUpdate that asks for ours and a close_notify in one segment; "
           "the backend answers and ends",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN", ends=CLIENT_FIRST,
     versions=(TLS13,), check_log=counts(1000, 1000))
def key_update_pending(it):
    raw = it.raw_client()
    peer = it.backend.accept()
    raw.send(raw.record(APPLICATION_DATA, REQUEST), raw.key_update(requested=True),
             raw.record(ALERT, CLOSE_NOTIFY))
    it.backend_saw(peer.recv_until_end(), REQUEST)
    peer.send(REQUEST)
    peer.fin()
    it.client_saw(raw.read_until_end(), REQUEST, close_notify=True)


@row("R142", "a client that ends in the middle of its ClientHello",
     given="half a ClientHello, then FIN", client="-", backend="no connection", ends=FAILED,
     metrics=counted("aborted"))
def half_a_hello_then_fin(it):
    client = it.client()
    hello = client.client_hello()
    client.send_raw(hello[:len(hello) // 2])
    client.fin()
    it.daemon.session(it.name)
    not_called(it)


@row("R143", "a client that ends when it has seen the certificate",
     given="ClientHello; when the proxy's first flight has come, FIN", client="-",
     backend="no connection", ends=FAILED, metrics=counted("aborted"))
def flight_then_fin(it):
    client = it.client()
    client.send_raw(client.client_hello())
    it.check(client.has_input(10), "the proxy did not answer the ClientHello")
    client.fin()
    it.daemon.session(it.name)
    not_called(it)


@row("R144", "a client that takes a few bytes at a time gets all of them, and the end",
     given="the backend sends 64 000 bytes and closes; the client has a small window and reads "
           "256 bytes each 2 ms",
     client="all bytes, close_notify, FIN", backend="-", ends=BACKEND_FIRST,
     check_log=counts(0, len(LONG)))
def dripping_reader(it):
    client, peer = it.connect(receive_buffer=4096)
    peer.send(LONG)
    peer.close()
    it.client_saw(client.read_until_end(**DRIP), LONG, close_notify=True)
    client.goodbye()


@row("R145", "and so it does if the backend resets",
     given="the same, but the backend resets",
     client="all bytes, RST; no close_notify", backend="-", ends=BACKEND_RESET,
     check_log=counts(0, len(LONG)))
def dripping_reader_reset(it):
    client, peer = it.connect(receive_buffer=4096)
    peer.send(LONG)
    peer.settle()
    peer.rst()
    it.client_saw(client.read_until_end(**DRIP), LONG, end=RST)


@row("R146", "a backend that takes a few bytes at a time gets all that the client said",
     given="the client sends 64 000 bytes, close_notify and FIN; the backend has a small window "
           "and reads 256 bytes each 2 ms, then answers and ends",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN",
     server={"receive_buffer": 4096}, ends=CLIENT_FIRST, check_log=counts(len(LONG), 1000))
def dripping_backend(it):
    client, peer = it.connect()
    client.send(LONG)
    client.goodbye()
    it.backend_saw(peer.recv_until_end(**DRIP), LONG)
    peer.send(REQUEST)
    peer.fin()
    it.client_saw(client.read_until_end(), REQUEST, close_notify=True)


@row("R147", "an upload may go on at our close_notify, without waiting for the FIN behind it",
     given="the backend sends a FIN and nothing else; at the close_notify the client uploads "
           "1 MiB, then says goodbye",
     client="close_notify, FIN", backend="all bytes, FIN", ends=BACKEND_FIRST,
     check_log=counts(MIB, 0))
def upload_at_close_notify(it):
    client, peer = it.connect()
    peer.fin()
    client.read_until_close_notify()
    receiving = it.background(peer.recv_until_end)
    upload = pattern(MIB)
    client.send(upload)
    client.goodbye()
    it.backend_saw(receiving.result(), upload)
    it.client_saw(client.read_until_end(), close_notify=True)
