// Whether nothing is under way: what `on_proxy_end: ask` wants to know (docs/endings.md, E8).

#include "session/session.hpp"

#include <algorithm>

namespace ferrule::session {

using ending::side;

/// A silent peer may have vanished. Whoever has not ended by itself, so that its end would be of
/// our making, has to have been heard from as lately as keepalive makes a living peer answer.
bool session::are_peers_there() const
{
    const auto is_there = [&](side who, const net::keepalive& asked) {
        return ending::flow_from(facts_, who).from != ending::source::open ||
               socket_of(who).silent_for() < asked.answers_within();
    };
    return is_there(side::client, client_keepalive(profile_->timeouts)) &&
           is_there(side::backend, backend_keepalive(profile_->timeouts, profile_->shutdown));
}

/// Bytes of a source that still counts wait in the kernel, whatever the events have said: after a
/// stall of the process they come late.
bool session::has_unread()
{
    bool found = false;
    for (const side who : {side::client, side::backend}) {
        if (ending::wants_reading(facts_, who) && !ending::flow_from(facts_, who).buffered)
            found = socket_of(who).look_for_unread() || found;
    }
    return found;
}

/// Whether the backend may be asked to end without cutting anything short (E8): nothing is under
/// way on either side, and nobody is owed an answer. `was_idle`: the silence was long enough to end
/// the session, whoever spoke last.
bool session::is_quiet(bool was_idle)
{
    if (facts_.contact != ending::contact::connected)
        return false;
    const base::time_point silent_since = std::max(last_moved_at_, around_.served_since);
    if (!was_idle && (now() - silent_since < profile_->shutdown.quiet || owes_answer_))
        return false;
    if (facts_.to_backend.buffered || facts_.to_client.buffered || client_.is_amid_record() ||
        has_unread())
        return false;
    look_for_acknowledgement();
    return !ending::has_waiting_bytes(facts_) && are_peers_there();
}

} // namespace ferrule::session
