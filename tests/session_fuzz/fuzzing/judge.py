"""What no session may show (docs/endings.md): E1, E4, E6, E7 and E8, asked of both peers and the log.

Each question is answered by what the two peers did and saw; the daemon's own line only adds what its
options allow, and is compared with both.
"""

from support.tcp import FIN

BY_THE_PROXY = {"idle_timeout", "lifetime", "drain", "killed", "write_stalled"}


def judge(play):
    """The violations of one session, as texts."""
    if play.trouble:
        return [play.trouble]
    if play.client is None:
        return list(_handshake(play)) if play.handshake else []
    return [text for question in (_content, _backend_was_told, _client_was_told, _line)
            for text in question(play)]


def _handshake(play):
    did, seen = play.handshake
    if seen.data or seen.close_notify:
        yield f"{did}: the client saw {seen}"


def _content(play):
    """Nobody gets a byte that the other did not say, nor one in another place."""
    if play.client.seen.error:
        yield f"the client saw {play.client.seen.error}"
    if play.backend is None:
        if play.client.seen.data:
            yield "bytes from nowhere"
        return
    if not play.backend.said.startswith(play.client.seen.data):
        yield "the client got what the backend did not say"
    if not play.client.said.startswith(play.backend.seen.data):
        yield "the backend got what the client did not say"


def _words(play):
    return {play.line["cause"], play.line["second"]} if play.line else set()


def _may_guess(play):
    """`on_proxy_end: notify` calls each end of Ferrule's own a clean one: with `half_close: close` that
    is the rest of every session. In a play that was killed, nothing but the peers' own ends is true."""
    options = play.slot.options
    return options["on_proxy_end"] == "notify" and (
        options["half_close"] == "close"
        or bool(_words(play) & (BY_THE_PROXY | {"half_close_timeout"})))


def _backend_was_told(play):
    """A FIN says that the client has ended clean, and that this was all."""
    client, backend, options = play.client, play.backend, play.slot.options
    if backend is None or backend.seen.end != FIN or _may_guess(play):
        return
    whole = backend.seen.data == client.said
    if options["on_proxy_end"] == "ask" and _words(play) & BY_THE_PROXY:
        # The question is a FIN; what the client says behind it is lost (R123), and never in silence.
        if not whole and play.line["outcome"] == "clean":
            yield _short("asked, and called clean", backend.seen.data, client.said)
    elif client.is_clean:
        if not whole:
            yield _short("FIN for the backend", backend.seen.data, client.said)
    elif not (options["on_client_truncation"] == "fin" and client.ended_tcp and not client.spoiled
              or options["on_client_reset"] == "fin" and client.closed):
        yield "the backend saw a FIN that its client did not say"


def _client_was_told(play):
    """A close_notify says that the backend has ended clean, and that this was all. A FIN without one
    comes behind an alert only."""
    client, backend = play.client, play.backend
    seen = client.seen
    if seen.close_notify and not _may_guess(play):
        if backend is None or not backend.is_clean:
            yield "the client saw a close_notify that its backend did not say"
        elif seen.data != backend.said:
            yield _short("close_notify for the client", seen.data, backend.said)
    if seen.end == FIN and not seen.close_notify and not seen.alert:
        truncated = (play.slot.options["on_backend_reset"] == "truncate" and backend
                     and backend.closed)
        if not truncated and not client.has_alerted:
            yield "the client saw a bare FIN"


def _short(what, got, said):
    return f"{what} after {len(got)} of {len(said)} bytes"


def _line(play):
    """The session's line against both peers (E6)."""
    line, client, backend = play.line, play.client, play.backend
    if line is None:
        if not play.slot.may_be_untold():
            yield "there is no line"
        return
    if line["cause"] == "internal":
        yield "internal"
    for way, source, sink in (("to_backend", client, backend), ("to_client", backend, client)):
        read, fate = line[f"{way}_bytes"], (line[f"lost_{way}_bytes"], line[f"unconfirmed_{way}_bytes"])
        said = len(source.said) if source else 0
        got = len(sink.seen.data) if sink else 0
        if read > said or got > read:
            yield f"{way}: {said} said, {read} read, {got} arrived"
        # Who closes by itself throws away what it did not read. A record may have come in part, and
        # towards the client Ferrule counts from ciphertext, by an average (decision 10).
        missing = read - got - (sink.in_part() if sink else 0)
        known = sum(fate) and sum(fate) * 1.1 + 64 >= missing
        if sink and sink.seen.end is not None and missing > 0 and not known:
            yield f"{way}: {read} read, {got} arrived, {fate} lost and unconfirmed"
        if line["outcome"] in ("clean", "cut") and any(fate):
            yield f"{line['outcome']} with {fate} lost and unconfirmed {way}"
    if line["outcome"] == "clean" and not (client.is_clean and backend and backend.is_clean):
        yield "clean, and somebody has not ended clean"
