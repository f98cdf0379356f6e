"""Bad ends that TLS tells of: alerts, records that do not decrypt, and two resets at once."""

from support.raw_records import ALERT, APPLICATION_DATA, CLOSE_NOTIFY, HANDSHAKE
from support.rows import Ends
from support.tcp import FIN, RST
from support.tls_client import TLS13

from .bad_ends import CUT_OR_WORSE, DATA, chapter
from .clean_ends import REQUEST

row = chapter.row


def details(*words):
    def check(it, line):
        it.check(line["detail"] and any(word in line["detail"].lower() for word in words),
                 f"detail {line['detail']!r} has none of {words}")
    return check


TLS_ERROR = Ends("tls_error", None, {"exchanged", "sent", "reset"}, "reset", first_end="client")


@row("R40", "a flipped bit is told by an alert, and is a reset for the backend",
     given="the client sends 1000 bytes, then a record in which one bit is wrong",
     client="alert bad_record_mac, then FIN or RST; no close_notify",
     backend="the first record's bytes, RST", ends=TLS_ERROR,
     check_log=details("bad record mac", "decryption failed"))
def flipped_bit(it):
    client, peer = it.connect()
    client.send(REQUEST)
    record = bytearray(client.encrypt(REQUEST))
    record[-1] ^= 0x40
    client.send_raw(bytes(record))
    it.backend_saw(peer.recv_until_end(), REQUEST, end=RST)
    it.client_saw(client.read_until_end(), end={FIN, RST}, alert="bad_record_mac")
    client.close()


@row("R41", "a client's fatal alert is a reset for the backend",
     given="the client sends 1000 bytes, then the fatal alert internal_error",
     client="FIN or RST; no close_notify", backend="all bytes, RST", ends=TLS_ERROR,
     check_log=details("internal error", "internal_error"))
def fatal_alert(it):
    raw = it.raw_client()
    peer = it.backend.accept()
    raw.send(raw.record(23, REQUEST), raw.record(ALERT, b"\x02\x50"))
    it.backend_saw(peer.recv_until_end(), REQUEST, end=RST)
    it.client_saw(raw.read_until_end(), end={FIN, RST})
    raw.client.close()


@row("R42", "a record of no known type is a protocol violation",
     given="the client sends 1000 bytes, then an authenticated record of content type 99",
     client="alert unexpected_message, then FIN or RST; no close_notify", backend="all bytes, RST",
     ends=TLS_ERROR)
def unknown_record(it):
    raw = it.raw_client()
    peer = it.backend.accept()
    raw.send(raw.record(23, REQUEST), raw.record(99, b"?"))
    it.backend_saw(peer.recv_until_end(), REQUEST, end=RST)
    it.client_saw(raw.read_until_end(), end={FIN, RST}, alert="10")
    raw.client.close()


@row("R43", "user_canceled is no end; the close_notify behind it is",
     given="the client sends a request, the alert user_canceled and a close_notify (RFC 8446 6.1)",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN", versions=(TLS13,),
     ends=Ends("client_eof", "backend_eof", "exchanged", "exchanged"))
def user_canceled(it):
    raw = it.raw_client()
    peer = it.backend.accept()
    raw.send(raw.record(23, REQUEST), raw.record(ALERT, b"\x01\x5a"), raw.record(ALERT, b"\x01\0"))
    it.backend_saw(peer.recv_until_end(), REQUEST)
    peer.send(REQUEST)
    peer.fin()
    it.client_saw(raw.read_until_end(), REQUEST, close_notify=True)


@row("R44", "both sides reset at once",
     given="data both ways, then RST from both sides",
     client="-", backend="-",
     ends=Ends({"client_reset", "backend_reset"}, {None, "client_reset", "backend_reset"},
               {"gone", "reset"}, {"gone", "reset"}, outcome=CUT_OR_WORSE),
     metrics={name: None for name in ("resets client in", "resets client out", "resets backend in",
                                      "resets backend out")})
def both_reset(it):
    client, peer = it.connect()
    client.send(DATA)
    peer.send(DATA)
    client.rst()
    peer.rst()


def begun_message(raw, version):
    """The head of a KeyUpdate, or of the ClientHello of a renegotiation."""
    return raw.record(HANDSHAKE, b"\x18\0\0\x01" if version == TLS13 else raw.client_hello()[:6])


def alert_behind_half_a_message(version):
    """unexpected_message; in TLS 1.2 OpenSSL can be made to say no more than record_overflow."""
    return "10" if version == TLS13 else "22"


@row("R45", "a close_notify in the middle of a handshake message is none",
     given="the client sends 1000 bytes, a part of a handshake message and a close_notify; then the "
           "backend answers",
     client="a fatal alert, then FIN or RST; no close_notify", backend="all bytes, RST",
     ends=TLS_ERROR, check_log=details("handshake message"))
def close_notify_in_a_message(it):
    raw = it.raw_client()
    peer = it.backend.accept()
    raw.send(raw.record(APPLICATION_DATA, REQUEST), begun_message(raw, it.version),
             raw.record(ALERT, CLOSE_NOTIFY))
    it.backend_saw(peer.recv_until_end(), REQUEST, end=RST)
    it.client_saw(raw.read_until_end(), end={FIN, RST},
                  alert=alert_behind_half_a_message(it.version))
    raw.client.close()


@row("R46", "an answer that half a handshake message is in the way of",
     given="the client sends 1000 bytes and a part of a handshake message; then the backend answers",
     client="a fatal alert, then FIN or RST; no close_notify", backend="all bytes, RST",
     ends=Ends("tls_error", None, {"exchanged", "sent", "reset"}, "reset", outcome="lost",
               first_end="client"), check_log=details("handshake message"))
def answer_in_a_message(it):
    raw = it.raw_client()
    peer = it.backend.accept()
    raw.send(raw.record(APPLICATION_DATA, REQUEST), begun_message(raw, it.version))
    it.check(peer.recv_exactly(len(REQUEST)) == REQUEST, "the data differs")
    peer.send(REQUEST)
    it.backend_saw(peer.recv_until_end(), b"", end=RST)
    it.client_saw(raw.read_until_end(), end={FIN, RST},
                  alert=alert_behind_half_a_message(it.version))
    raw.client.close()


@row("R47", "a goodbye that half a handshake message is in the way of",
     given="the client sends 1000 bytes and a part of a handshake message; then the backend ends",
     client="a fatal alert, then FIN or RST; no close_notify", backend="all bytes, FIN or RST",
     ends=Ends("backend_eof", "tls_error", {"exchanged", "sent", "reset"}, {"reset", "exchanged"},
               first_end="backend"))
def goodbye_in_a_message(it):
    raw = it.raw_client()
    peer = it.backend.accept()
    raw.send(raw.record(APPLICATION_DATA, REQUEST), begun_message(raw, it.version))
    it.check(peer.recv_exactly(len(REQUEST)) == REQUEST, "the data differs")
    peer.fin()
    it.client_saw(raw.read_until_end(), end={FIN, RST},
                  alert=alert_behind_half_a_message(it.version))
    it.backend_saw(peer.recv_until_end(), b"", end={FIN, RST})
    raw.client.close()
