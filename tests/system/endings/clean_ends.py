"""Both sides end clean: nothing may be lost, and each end has to be told to the other side."""

from support.rows import Chapter, Ends
from support.tcp import pattern
from support.tls_client import TLS13, client_context

chapter = Chapter("clean ends")
row = chapter.row
REQUEST = pattern(1000, seed=1)
MIB = 1024 * 1024
BULK = pattern(64 * MIB)  # more than all buffers on the way hold; made before the rows start
CLIENT_FIRST = Ends("client_eof", "backend_eof", "exchanged", "exchanged", first_end="client")
BACKEND_FIRST = Ends("backend_eof", "client_eof", "exchanged", "exchanged", first_end="backend")


def counts(to_backend, to_client):
    """The log has to have exactly these byte counts."""
    def check(it, line):
        found = line["to_backend_bytes"], line["to_client_bytes"]
        it.check(found == (to_backend, to_client), f"the log says {found} bytes")
    return check


@row("R1", "the backend's FIN becomes a close_notify with a FIN right behind it",
     given="the backend answers with 100 000 bytes and a FIN; then the client says goodbye",
     client="all bytes, close_notify, FIN (before it has answered)", backend="FIN",
     ends=BACKEND_FIRST, check_log=counts(1000, 100_000))
def backend_first(it):
    client, peer = it.connect()
    client.send(REQUEST)
    peer.recv_exactly(len(REQUEST))
    reply = pattern(100_000)
    peer.send(reply)
    peer.fin()
    it.client_saw(client.read_until_end(), reply, close_notify=True)
    client.goodbye()
    it.backend_saw(peer.recv_until_end())


@row("R2", "a close_notify without FIN ends only the client's direction",
     given="the client sends a request and a close_notify, no FIN; the backend answers with 1 MiB "
           "after it has seen the end",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN",
     ends=CLIENT_FIRST, check_log=counts(1000, MIB))
def client_first(it):
    client, peer = it.connect()
    client.send(REQUEST)
    client.send_close_notify()
    it.backend_saw(peer.recv_until_end(), REQUEST)
    reply = pattern(MIB)
    sending = it.background(lambda: peer.send(reply) and peer.fin())
    it.client_saw(client.read_until_end(), reply, close_notify=True)
    sending.result()


@row("R3", "a close_notify with its FIN right behind it ends only the client's direction",
     given="the client sends a request, close_notify and FIN at once; the backend answers with 1 "
           "MiB",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN",
     ends=CLIENT_FIRST, check_log=counts(1000, MIB))
def client_first_with_fin(it):
    client, peer = it.connect()
    client.send_raw(client.encrypt(REQUEST) + client.close_notify())
    client.fin()
    it.backend_saw(peer.recv_until_end(), REQUEST)
    reply = pattern(MIB)
    sending = it.background(lambda: peer.send(reply) and peer.fin())
    it.client_saw(client.read_until_end(), reply, close_notify=True)
    sending.result()


@row("R4", "a backend that ends first still gets the client's upload",
     given="the backend sends a FIN and nothing else; the client uploads 3 MB after it has seen "
           "the end, then says goodbye",
     client="close_notify, FIN", backend="all bytes, FIN",
     ends=BACKEND_FIRST, check_log=counts(3_000_000, 0))
def upload_after_backend_end(it):
    client, peer = it.connect()
    peer.fin()
    it.client_saw(client.read_until_end(), close_notify=True)
    receiving = it.background(peer.recv_until_end)
    upload = pattern(3_000_000)
    client.send(upload)
    client.goodbye()
    it.backend_saw(receiving.result(), upload)


@row("R5", "a backend that answers and ends in the middle of an upload gets the rest of it",
     given="half of a 3 MB upload, then 100 000 bytes and a FIN from the backend, then the other "
           "half",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN",
     ends=BACKEND_FIRST, check_log=counts(3_000_000, 100_000))
def early_answer(it):
    client, peer = it.connect()
    upload, reply = pattern(3_000_000), pattern(100_000, seed=2)
    half = len(upload) // 2
    sending = it.background(client.send, upload[:half])
    first = peer.recv_exactly(half)
    sending.result()
    peer.send(reply)
    peer.fin()
    it.client_saw(client.read_until_end(), reply, close_notify=True)
    receiving = it.background(peer.recv_until_end)
    client.send(upload[half:])
    client.goodbye()
    it.check(first == upload[:half], "the first half of the upload differs")
    it.backend_saw(receiving.result(), upload[half:])


@row("R6", "a slow reader gets everything after the backend has closed",
     given="the backend sends 8 MiB and closes its socket; the client has a small window and "
           "pauses",
     client="all bytes, close_notify, FIN", backend="-",
     ends=BACKEND_FIRST, check_log=counts(0, 8 * MIB))
def slow_reader(it):
    client, peer = it.connect(receive_buffer=32 * 1024)
    reply = pattern(8 * MIB)
    reading = it.background(client.read_until_end, pause=0.002)
    peer.send(reply)
    peer.close()
    it.client_saw(reading.result(), reply, close_notify=True)
    client.goodbye()


@row("R7", "a session without a byte ends clean when the client ends first",
     given="handshake, close_notify and FIN from the client, FIN from the backend",
     client="close_notify, FIN", backend="FIN", ends=CLIENT_FIRST, check_log=counts(0, 0))
def empty_client_first(it):
    client, peer = it.connect()
    client.goodbye()
    it.backend_saw(peer.recv_until_end())
    peer.fin()
    it.client_saw(client.read_until_end(), close_notify=True)


@row("R8", "a backend that accepts and closes at once is an empty clean end",
     given="the backend closes its socket without reading or writing",
     client="close_notify, FIN", backend="-", ends=BACKEND_FIRST, check_log=counts(0, 0))
def empty_backend_first(it):
    client, peer = it.connect()
    peer.close()
    it.client_saw(client.read_until_end(), close_notify=True)
    client.goodbye()


@row("R9", "a client may end before there is a connection to the backend",
     given="the client sends Finished, request, close_notify and FIN in one write",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN", ends=CLIENT_FIRST,
     check_log=counts(1000, 1000))
def all_in_one_flight(it):
    client = it.client().handshake(hold_last_flight=True)
    client.send_raw(client.encrypt(REQUEST) + client.close_notify())
    client.fin()
    peer = it.backend.accept()
    it.backend_saw(peer.recv_until_end(), REQUEST)
    peer.send(REQUEST)
    peer.fin()
    it.client_saw(client.read_until_end(), REQUEST, close_notify=True)


@row("R10", "a client that writes and closes at once, without reading the session tickets",
     given="the client sends Finished, 100 000 bytes, close_notify and closes its socket; what the "
           "proxy still sends draws an RST",
     client="-", backend="all bytes, FIN",
     ends=Ends("client_eof", {"backend_eof", "client_reset"}, {"gone", "exchanged", "sent"},
               {"exchanged", "reset"}, first_end="client"),
     metrics={"close_notify sent": None, "resets client in": None, "resets backend out": None})
def write_and_close(it):
    client = it.client().handshake(hold_last_flight=True)
    upload = pattern(100_000)
    client.send_raw(client.encrypt(upload) + client.close_notify())
    client.close()
    peer = it.backend.accept()
    it.backend_saw(peer.recv_until_end(), upload)
    peer.fin()


@row("R11", "bytes go both ways in turn and none is lost",
     given="200 messages of 1 to 20 000 bytes, each echoed; then the client says goodbye",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN", ends=CLIENT_FIRST)
def conversation(it):
    client, peer = it.connect()
    for number in range(200):
        message = pattern(1 + number * 97 % 20_000, seed=number)
        client.send(message)
        it.check(peer.recv_exactly(len(message)) == message, f"message {number} differs")
        peer.send(message)
        it.check(client.read_exactly(len(message)) == message, f"echo {number} differs")
    client.goodbye()
    it.backend_saw(peer.recv_until_end())
    peer.fin()
    it.client_saw(client.read_until_end(), close_notify=True)


@row("R12", "both sides end at the same time",
     given="close_notify and FIN from the client and FIN from the backend cross each other",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN",
     ends=Ends({"client_eof", "backend_eof"}, {"client_eof", "backend_eof"}, "exchanged",
               "exchanged"))
def crossing_ends(it):
    client, peer = it.connect()
    peer.send(REQUEST)
    client.send_raw(client.encrypt(REQUEST) + client.close_notify())
    peer.fin()
    client.fin()
    it.backend_saw(peer.recv_until_end(), REQUEST)
    it.client_saw(client.read_until_end(), REQUEST, close_notify=True)


@row("R13", "endings do not depend on how the bytes are cut",
     given="handshake, request, close_notify and FIN from the client, each byte in its own segment",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN", ends=CLIENT_FIRST)
def byte_by_byte(it):
    client = it.client().handshake(bytewise=True)
    peer = it.backend.accept()
    client.send_bytewise(client.encrypt(REQUEST[:200]) + client.close_notify())
    client.fin()
    it.backend_saw(peer.recv_until_end(), REQUEST[:200])
    peer.send_bytewise(REQUEST[:200])
    peer.fin()
    it.client_saw(client.read_until_end(), REQUEST[:200], close_notify=True)


def client_first_small(it):
    client, peer = it.connect()
    client.send(REQUEST)
    client.send_close_notify()
    it.backend_saw(peer.recv_until_end(), REQUEST)
    peer.send(REQUEST)
    peer.fin()
    it.client_saw(client.read_until_end(), REQUEST, close_notify=True)


SAME = dict(given="the client sends a request and a close_notify; the backend answers and ends",
            client="all bytes, close_notify, FIN", backend="all bytes, FIN", ends=CLIENT_FIRST)
row("R14", "the backend listens on a Unix socket", server_kind="unix", **SAME)(client_first_small)
row("R15", "the proxy listens on a Unix socket", listen_kind="unix", **SAME)(client_first_small)
row("R16", "both sides speak IPv6", server_kind="ip6", listen_kind="ip6", **SAME)(
    client_first_small)


def says_what_was_agreed(it, line):
    it.check(line["sni"] == "shop.example" and line["alpn"] == "http/1.1",
             "the log does not say what the handshake agreed on")
    it.check(line["tls"] == it.version and line["cipher"], "TLS version or cipher is missing")
    it.check(line["server"] == it.server and line["backend"] == it.name, "wrong backend")


@row("R17", "the log says what the handshake agreed on",
     given="the client asks for a server name and for ALPN http/1.1",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN", ends=CLIENT_FIRST,
     listener={"tls": {"alpn": ["h2", "http/1.1"]}}, check_log=says_what_was_agreed)
def agreed(it):
    context = client_context(it.version, alpn=["http/1.1"])
    client, peer = it.connect(context=context, server_name="shop.example")
    it.check(client.engine.selected_alpn_protocol() == "http/1.1", "ALPN was not selected")
    client.goodbye()
    it.backend_saw(peer.recv_until_end())
    peer.fin()
    it.client_saw(client.read_until_end(), close_notify=True)


MANY = 200


@row("R18", "200 sessions that the backend ends at the same moment all end clean",
     given="200 sessions; the backend sends 10 000 bytes on each and then ends all of them",
     client="all bytes, close_notify, FIN", backend="FIN", ends=BACKEND_FIRST, sessions=MANY)
def many_at_once(it):
    pairs = [it.connect() for _ in range(MANY)]
    reply = pattern(10_000)
    # The pairs need not belong together: the backend says the same on each connection.
    for _, peer in pairs:
        peer.send(reply)
    for _, peer in pairs:
        peer.fin()
    for client, _ in pairs:
        it.client_saw(client.read_until_end(), reply, close_notify=True)
    for client, _ in pairs:
        client.goodbye()
    for _, peer in pairs:
        it.backend_saw(peer.recv_until_end())
    it.notes = it.notes[-2:]


@row("R19", "a request right behind the handshake is served without waiting for more",
     given="the client sends Finished and request in one write, and ends only after the answer",
     client="all bytes, close_notify, FIN", backend="all bytes, FIN", ends=CLIENT_FIRST,
     versions=(TLS13,), check_log=counts(1000, 1000))
def request_with_finished(it):
    client = it.client().handshake(hold_last_flight=True)
    client.send(REQUEST)
    peer = it.backend.accept()
    it.check(peer.recv_exactly(len(REQUEST)) == REQUEST, "the request differs")
    peer.send(REQUEST)
    it.check(client.read_exactly(len(REQUEST)) == REQUEST, "the answer differs")
    client.goodbye()
    it.backend_saw(peer.recv_until_end())
    peer.fin()
    it.client_saw(client.read_until_end(), close_notify=True)
