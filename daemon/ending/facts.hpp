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
    bool released = false; ///< closed, or never connected
    bool stalled = false;  ///< it took or acknowledged nothing for `drain_timeout`
    bool lingered = false; ///< we have read on after our FIN for long enough

    friend bool operator==(const peer&, const peer&) = default;
};

struct facts {
    flow to_backend;
    flow to_client;
    peer client;
    peer backend;
    bool connected = true; ///< there has been a connection to a backend
    bool polite = false;   ///< the end that the proxy made is told as a clean one
    bool overdue = false;  ///< `deadline` has passed
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

/// Neither source has more to give: from here on `deadline` bounds the rest absolutely (E4).
inline bool is_closing(const facts& now)
{
    return now.to_backend.from != source::open && now.to_client.from != source::open;
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
    return now.client.released && now.backend.released;
}

/// The source may still give bytes that somebody can take; if not, it is not read for relaying.
bool wants_reading(const facts& now, side who);

/// The sink may be told `finish`: its source ended clean (or in a way that the operator chose to
/// take for clean), or the proxy itself ends the session politely (E1).
bool may_finish(const facts& now, const rules& manners, side who);

/// The sink must be told `abort`.
bool must_abort(const facts& now, const rules& manners, side who);

/// What the closer did on this side, once it is released.
act act_of(const facts& now, side who);

/// Whose end came first.
first_end first_end_of(const facts& now);

} // namespace ferrule::ending
