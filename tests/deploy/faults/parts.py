"""What rows on both sides have in common."""

from support.tcp import pattern

from .stream import is_beginning

ANSWER = pattern(1000, seed=7)
BEHIND = {"close_notify sent": None}  # sent by us, and nobody saw it


def bounds(idle="3s", **shutdown):
    """Every bound is a minute but those that are named."""
    lengths = {"timeout": "60s", "half_close_timeout": "60s", "stall_timeout": "60s",
               "deadline": "2m", "linger": "300ms"}
    return {"timeouts": {"idle": idle}, "shutdown": {**lengths, **shutdown}}


def downloads(it, **options):
    """A session through which a download flows."""
    client, peer = it.connect(**options)
    stream = it.stream("to_client", peer)
    it.check(is_beginning(client.read_exactly(300_000)), "the download differs")
    it.arrived["to_client"] = 300_000
    return client, peer, stream


def rest_of_download(it, client, skipped=300_000):
    """What the client still has of it."""
    seen = it.left_behind(client)
    it.arrived["to_client"] = skipped + len(seen.data)


def passes_a_gap(it, wire, link=False, size=3_000_000):
    """The path breaks while data flows one way, is tried the other way, and is mended."""
    client, peer = it.connect()
    data = pattern(size, seed=9)
    download = it.background(peer.send, data)
    first = client.read_exactly(size // 10)
    if link:
        wire.cut()
    else:
        wire.lose_to_peer()
        wire.lose_to_proxy()
    upload = it.background(client.send, data)
    it.check(not peer.has_input(0.7), "packets pass all the same")
    if link:
        wire.mend()
    else:
        wire.heal()
    got = it.background(peer.recv_exactly, size)
    rest = client.read_exactly(size - len(first))
    it.check(first + rest == data, "the download differs")
    it.check(got.result() == data, "the upload differs")
    it.check(download.result() and upload.result(), "a peer was cut off")
    peer.fin()
    it.client_saw(client.read_until_end(), close_notify=True)
    client.goodbye()
    it.backend_saw(peer.recv_until_end())
    it.arrived = {"to_client": size, "to_backend": size}
