"""The process dies, by a signal that nobody can handle or by a fault of its own: on TCP every peer
that was not told a true end before is reset. There is no log line; death_test.py kills the daemon.
"""


from support.rows import Chapter, Ends
from support.tcp import RST, pattern

from .bad_ends import DATA
from .clean_ends import MIB, REQUEST

chapter = Chapter("death")
row = chapter.row
NOBODY = Ends(None, None, None, None, outcome={None})  # is left who could tell
BULK = pattern(16 * MIB)  # more than small windows and the buffers between them hold
SMALL = 8192


def dies(id, title, **fields):
    return row(id, title, ends=NOBODY, **fields)


@dies("R180", "a client in its handshake is reset",
      given="half a ClientHello, then the process dies", client="RST", backend="no connection")
def in_the_handshake(it):
    client = it.client()
    client.send_raw(client.client_hello()[:100])
    client.settle()
    it.the_daemon_dies()
    it.check(client.receive() == RST, "the client saw something else than an RST")
    it.check(not it.backend.was_called(), "there was a connection to the backend")


@dies("R181", "a client whose backend is being connected is reset",
      given="the server's queue is full, connections to it hang; the process dies",
      client="RST; no close_notify", backend="-", server={"backlog": 0})
def while_connecting(it):
    with it.backend.full_queue():
        client = it.client().handshake()
        client.send(REQUEST)
        it.the_daemon_dies()
        it.client_saw(client.read_until_end(), end=RST)


@dies("R182", "half an upload is no whole one for the backend",
      given="half of a 200 000 byte upload; the process dies",
      client="RST; no close_notify", backend="the half, RST")
def half_an_upload(it):
    client, peer = it.connect()
    client.send(DATA)
    received = peer.recv_exactly(len(DATA))
    it.the_daemon_dies()
    it.check(received == DATA, "the half differs")
    it.backend_saw(peer.recv_until_end(), end=RST)
    it.client_saw(client.read_until_end(), end=RST)


@dies("R183", "half an answer is no whole one for the client",
      given="half of an answer of 200 000 bytes; the process dies",
      client="the half, RST; no close_notify", backend="RST")
def half_an_answer(it):
    client, peer = it.connect()
    client.send(REQUEST)
    peer.recv_exactly(len(REQUEST))
    peer.send(DATA)
    it.check(client.read_exactly(len(DATA)) == DATA, "the half differs")
    it.the_daemon_dies()
    it.client_saw(client.read_until_end(), end=RST)
    it.backend_saw(peer.recv_until_end(), end=RST)


@dies("R184", "the client has ended: its backend's answer is still cut",
      given="the client sends a request and a close_notify; after half of the answer the process "
            "dies", client="the half, RST; no close_notify", backend="all bytes, FIN; then RST")
def client_has_ended(it):
    client, peer = it.connect()
    client.send(REQUEST)
    client.send_close_notify()
    it.backend_saw(peer.recv_until_end(), REQUEST)
    peer.send(DATA)
    it.check(client.read_exactly(len(DATA)) == DATA, "the half differs")
    it.the_daemon_dies()
    it.client_saw(client.read_until_end(), end=RST)
    peer.wait_until_reset()


@dies("R185", "the backend has ended: the upload that goes on is still cut",
      given="the backend answers and ends; the client uploads 100 000 bytes; the process dies",
      client="all bytes, close_notify, FIN; then RST", backend="all bytes, RST")
def backend_has_ended(it):
    client, peer = it.connect()
    peer.send(REQUEST)
    peer.fin()
    it.client_saw(client.read_until_end(), REQUEST, close_notify=True)
    client.send(DATA)
    received = peer.recv_exactly(len(DATA))
    it.the_daemon_dies()
    it.check(received == DATA, "the upload differs")
    it.backend_saw(peer.recv_until_end(), end=RST)
    client.wait_until_reset()


@dies("R186", "an answer that still waits for the client is cut",
      given="the backend sends 16 MiB and ends; the client has a small window and reads nothing; "
            "the process dies", client="the beginning, RST; no close_notify", backend="-")
def answer_waits(it):
    client, peer = it.connect(receive_buffer=SMALL)
    sending = it.background(lambda: peer.send(BULK) and peer.fin())
    it.check(client.has_input(20), "nothing came")
    it.the_daemon_dies()
    it.client_saw(client.read_until_end(), BULK, end=RST, starts=True)
    sending.result()


@dies("R187", "an upload that still waits for the backend is cut, its end in sight or not",
      given="the client sends 16 MiB and a close_notify; the backend has a small window and reads "
            "nothing; the process dies", client="RST; no close_notify",
      backend="the beginning, RST", server={"receive_buffer": SMALL})
def upload_waits(it):
    client, peer = it.connect()
    sending = it.background(lambda: client.send(BULK) and client.send_close_notify())
    it.check(peer.has_input(20), "nothing came")
    it.the_daemon_dies()
    it.backend_saw(peer.recv_until_end(), BULK, end=RST, starts=True)
    it.client_saw(client.read_until_end(), end=RST)
    sending.result()


@dies("R188", "an answer that the client was told is not whole stays that",
      given="`on_backend_reset: truncate`; the backend sends 100 000 bytes, then RST; the client "
            "has read the FIN when the process dies", client="all bytes, FIN; no close_notify",
      backend="-", listener={"shutdown": {"on_backend_reset": "truncate", "linger": "60s"}})
def truncated(it):
    client, peer = it.connect()
    peer.send(DATA)
    peer.settle()
    peer.rst()
    it.client_saw(client.read_until_end(), DATA)
    it.the_daemon_dies()
    client.wait_until_reset()


@dies("R189", "both ends have been exchanged: they stay as they were said",
      given="the backend answers and ends; the client says goodbye; the process dies",
      client="all bytes, close_notify, FIN", backend="FIN")
def both_have_ended(it):
    client, peer = it.connect()
    peer.send(REQUEST)
    peer.fin()
    it.client_saw(client.read_until_end(), REQUEST, close_notify=True)
    client.goodbye()
    it.backend_saw(peer.recv_until_end())
    it.the_daemon_dies()
    it.check(client.receive() == "FIN", "the client was reset")


@dies("R190", "a silent session is reset on both sides",
      given="request and answer, then silence; the process dies",
      client="RST; no close_notify", backend="RST")
def silent(it):
    client, peer = it.connect()
    client.send(REQUEST)
    peer.recv_exactly(len(REQUEST))
    peer.send(REQUEST)
    client.read_exactly(len(REQUEST))
    it.the_daemon_dies()
    it.client_saw(client.read_until_end(), end=RST)
    it.backend_saw(peer.recv_until_end(), end=RST)
