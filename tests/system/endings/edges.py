"""What only a hostile or a very odd client sends."""

import itertools
import threading

from support.raw_records import ALERT, APPLICATION_DATA, CLOSE_NOTIFY, HANDSHAKE, NO_RENEGOTIATION
from support.rows import Chapter, Ends
from support.tcp import FIN, RST
from support.tls_client import TLS12, TLS13

from .bad_ends import CUT_OR_WORSE
from .clean_ends import REQUEST, counts
from .tls_ends import TLS_ERROR

chapter = Chapter("odd clients", workers=2)
row = chapter.row
CLIENT_FIRST = Ends("client_eof", "backend_eof", "exchanged", "exchanged")


def echo_once(it, raw, peer, data):
    raw.send(raw.record(APPLICATION_DATA, data))
    it.check(peer.recv_exactly(len(data)) == data, "the data differs")
    peer.send(data)
    it.check(raw.receive_data(len(data)) == data, "the echo differs")


def says_goodbye(it, raw, peer, sent=b""):
    raw.send(raw.record(ALERT, CLOSE_NOTIFY))
    raw.client.fin()
    it.backend_saw(peer.recv_until_end(), sent)
    peer.fin()
    it.client_saw(raw.read_until_end(), close_notify=True)


@row("R130", "what comes after a close_notify is ignored",
     given="the client sends a request, a close_notify and another record, in one segment",
     client="all bytes, close_notify, FIN", backend="the request, FIN", ends=CLIENT_FIRST,
     check_log=counts(1000, 1000))
def data_after_close_notify(it):
    raw = it.raw_client()
    peer = it.backend.accept()
    raw.send(raw.record(APPLICATION_DATA, REQUEST), raw.record(ALERT, CLOSE_NOTIFY),
             raw.record(APPLICATION_DATA, b"too late"))
    it.backend_saw(peer.recv_until_end(), REQUEST)
    raw.send(raw.record(APPLICATION_DATA, b"much too late"))
    peer.send(REQUEST)
    peer.fin()
    it.client_saw(raw.read_until_end(), REQUEST, close_notify=True)


@row("R131", "bytes after a close_notify that are no TLS at all are ignored, too",
     given="the client sends a request, a close_notify and 1000 bytes that are no record",
     client="all bytes, close_notify, FIN", backend="the request, FIN", ends=CLIENT_FIRST,
     check_log=counts(1000, 1000))
def garbage_after_close_notify(it):
    client, peer = it.connect()
    client.send_raw(client.encrypt(REQUEST) + client.close_notify() + REQUEST)
    it.backend_saw(peer.recv_until_end(), REQUEST)
    peer.send(REQUEST)
    peer.fin()
    it.client_saw(client.read_until_end(), REQUEST, close_notify=True)


@row("R132", "empty records are no end",
     given="10 records of application data without a byte, then a request, then goodbye",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN", ends=CLIENT_FIRST)
def empty_records(it):
    raw = it.raw_client()
    peer = it.backend.accept()
    raw.send(*(raw.record(APPLICATION_DATA, b"") for _ in range(10)))
    echo_once(it, raw, peer, REQUEST)
    says_goodbye(it, raw, peer)


@row("R133", "a client may not renegotiate; its session goes on",
     given="5 times in TLS 1.2: a ClientHello in the session, then data both ways",
     client="alert no_renegotiation (a warning) each time; all bytes, close_notify, FIN",
     backend="all bytes, FIN", versions=(TLS12,), ends=CLIENT_FIRST)
def renegotiation(it):
    raw = it.raw_client()
    peer = it.backend.accept()
    for _ in range(5):
        raw.send(raw.record(HANDSHAKE, raw.client_hello()))
        came = raw.receive()
        it.check(came == (ALERT, NO_RENEGOTIATION), f"the client got {came}")
        echo_once(it, raw, peer, REQUEST)
    says_goodbye(it, raw, peer)


@row("R134", "KeyUpdates with data between them go on",
     given="200 times in TLS 1.3: a KeyUpdate, every second one asking for ours, then data both "
           "ways",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN", versions=(TLS13,),
     ends=CLIENT_FIRST)
def key_updates(it):
    raw = it.raw_client()
    peer = it.backend.accept()
    for number in range(200):
        raw.send(raw.key_update(requested=number % 2 == 1))
        echo_once(it, raw, peer, REQUEST)
    says_goodbye(it, raw, peer)


@row("R135", "KeyUpdates without data are limited",
     given="TLS 1.3: a request, then 5000 KeyUpdates and nothing else",
     client="FIN or RST, perhaps an alert; no close_notify", backend="all bytes, RST",
     versions=(TLS13,), metrics={"resets client in": None},
     ends=Ends("tls_error", None, {"exchanged", "sent", "reset", "gone"}, "reset",
               outcome=CUT_OR_WORSE))
def key_update_flood(it):
    raw = it.raw_client()
    peer = it.backend.accept()
    raw.send(raw.record(APPLICATION_DATA, REQUEST))
    for number in range(100):
        if not raw.send(*(raw.key_update(requested=number % 2 == 1) for _ in range(50))):
            break
    it.backend_saw(peer.recv_until_end(), REQUEST, end=RST)
    seen = raw.client.seen
    while seen.end is None:
        more = raw.client.receive()
        seen.end = more if more in (FIN, RST) else None
    it.note(f"client saw: {seen.end}")
    raw.client.close()


@row("R136", "a record longer than TLS allows",
     given="the client sends a request, then a record header that announces 20 000 bytes",
     client="an alert, then FIN or RST; no close_notify", backend="all bytes, RST", ends=TLS_ERROR)
def oversized_record(it):
    raw = it.raw_client()
    peer = it.backend.accept()
    raw.send(raw.record(APPLICATION_DATA, REQUEST), b"\x17\x03\x03\x4e\x20" + bytes(20_000))
    it.backend_saw(peer.recv_until_end(), REQUEST, end=RST)
    it.client_saw(raw.read_until_end(), end={FIN, RST}, alert="22")
    raw.client.close()


@row("R137", "a KeyUpdate for each record that a client receives",
     given="TLS 1.3: a request; the backend answers with 2 MiB and ends; the client sends nothing but "
           "a KeyUpdate for each record, every second one asking for ours, then goodbye",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN", versions=(TLS13,),
     ends=Ends("backend_eof", "client_eof", "exchanged", "exchanged"))
def key_updates_of_a_reader(it):
    answer = bytes(range(256)) * 4096 * 2
    raw = it.raw_client()
    peer = it.backend.accept()
    raw.send(raw.record(APPLICATION_DATA, REQUEST))
    it.check(peer.recv_exactly(len(REQUEST)) == REQUEST, "the data differs")
    sender = threading.Thread(target=lambda: (peer.send(answer), peer.fin()))
    sender.start()
    got = b""
    for number in itertools.count():
        came = raw.receive()
        if came in (FIN, RST):
            raise AssertionError(f"{came} after {len(got)} of {len(answer)} bytes")
        kind, data = came
        if kind == ALERT:
            it.check(data == CLOSE_NOTIFY, f"the client got {data}")
            break
        if kind == APPLICATION_DATA:
            got += data
            raw.send(raw.key_update(requested=number % 2 == 1))
    sender.join()
    raw.client.seen.close_notify = True
    raw.send(raw.record(ALERT, CLOSE_NOTIFY))
    raw.client.fin()
    it.check(got == answer, f"the client got {len(got)} of {len(answer)} bytes")
    it.client_saw(raw.read_until_end(), close_notify=True)
    it.backend_saw(peer.recv_until_end(), b"")
