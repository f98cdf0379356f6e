// All that is known of a session's ending, and what follows from it without a decision.
//
// A session is two flows. Each flow has a source (how its sender ended) and a sink (what its
// receiver was told). Everything here is a plain value: no clock, no socket, no allocation.
#pragma once

#include "ending/rules.hpp"
#include "ending/vocabulary.hpp"

namespace ferrule::ending {

/// One direction.
struct flow {
    source from = source::open;
    sink to = sink::open;
    bool buffered = false; ///< bytes were read from the source that the sink's kernel has not taken
    bool unacked = false;  ///< the sink's peer has not acknowledged all (our FIN included), as far
                           ///< as we have looked
    bool dropped = false;  ///< bytes for this sink were dropped, because it is gone
    bool answered = false; ///< the source's own end was seen after we had cut or failed it

    friend bool operator==(const flow&, const flow&) = default;
};

/// One peer's socket.
struct peer {
    bool released = false; ///< closed
    bool stalled = false;  ///< it took or acknowledged nothing for `stall_timeout`
    bool lingered = false; ///< we have read on after our FIN for long enough

    friend bool operator==(const peer&, const peer&) = default;
};

struct facts {
    flow to_backend;
    flow to_client;
    peer client;
    peer backend;
    ending::contact contact = contact::awaited;
    bool secured = false;    ///< the handshake is done
    bool polite = false;     ///< a flow that we have cut is told as one that ended clean
    bool torn = false;       ///< the client ended inside a record: no option forgives that
    bool asked = false;      ///< the backend was told, by us, that no more will come (E8)
    bool tls_failed = false; ///< TLS has nothing more to say to the client
    bool alerted = false;    ///< by a fatal alert: the FIN behind it claims nothing
    bool overdue = false;    ///< `deadline` has passed, or nothing is waited for any more
    cause first = cause::none;
    cause second = cause::none;

    friend bool operator==(const facts&, const facts&) = default;
};

/// The flow whose sink is `who`.
inline const flow& flow_to(const facts& now, side who)
{
    return who == side::client ? now.to_client : now.to_backend;
}
inline flow& flow_to(facts& now, side who)
{
    return who == side::client ? now.to_client : now.to_backend;
}

/// The flow whose source is `who`.
inline const flow& flow_from(const facts& now, side who)
{
    return who == side::client ? now.to_backend : now.to_client;
}
inline flow& flow_from(facts& now, side who)
{
    return who == side::client ? now.to_backend : now.to_client;
}

inline const peer& peer_of(const facts& now, side who)
{
    return who == side::client ? now.client : now.backend;
}
inline peer& peer_of(facts& now, side who)
{
    return who == side::client ? now.client : now.backend;
}

inline side other(side who)
{
    return who == side::client ? side::backend : side::client;
}

/// Something has ended, or was ended by us.
inline bool has_ended(const facts& now)
{
    return now.first != cause::none;
}

/// A source may still give bytes, or its end.
inline bool has_open_source(const facts& now)
{
    return now.to_backend.from == source::open || now.to_client.from == source::open;
}

/// Neither source has more to give, or we have cut the session and asked its backend to end: from
/// here on `deadline` bounds the rest absolutely (E4).
inline bool is_closing(const facts& now)
{
    return !has_open_source(now) || now.asked;
}

/// Bytes wait for a sink, in our queue or, as far as we have looked, in its kernel's.
inline bool has_waiting_bytes(const facts& now)
{
    return now.to_backend.buffered || now.to_backend.unacked || now.to_client.buffered ||
           now.to_client.unacked;
}

/// One flow has ended clean and the other still runs.
inline bool is_half_closed(const facts& now)
{
    return has_ended(now) && !is_closing(now);
}

/// Both sockets are released: nothing more will happen.
inline bool is_over(const facts& now)
{
    return now.client.released && (now.contact != contact::connected || now.backend.released);
}

/// Where in its life the session is.
inline phase phase_of(const facts& now)
{
    if (has_ended(now))
        return phase::closing;
    if (now.contact == contact::connected)
        return phase::relaying;
    // R71: no server is looked for before the client's Finished.
    return now.secured ? phase::connecting : phase::handshaking;
}

/// The source may still give bytes that somebody can take; if not, it is not read for relaying.
bool wants_reading(const facts& now, side who);

/// The sink may be told `finish`: its source ended clean (or in a way that the operator chose to
/// take for clean), the operator chose to call our own ends clean, or it is a backend that is asked
/// to end while the session is quiet (E1, E8).
bool may_finish(const facts& now, const rules& manners, side who);

/// Both flows run, and neither side was told anything: the backend can be asked to end.
bool may_ask(const facts& now);

/// The sink must be told `abort`.
bool must_abort(const facts& now, const rules& manners, side who);

/// What the closer did on this side, once it is released.
act act_of(const facts& now, side who);

/// Whose end came first.
first_end first_end_of(const facts& now);

} // namespace ferrule::ending
