#include "session/activity.hpp"

#include "session/observe.hpp"
#include "session/state.hpp"

#include <algorithm>

namespace ferrule::session {

using ending::side;

bool activity::meter(const std::array<peer, 2>& peers, base::time_point now) noexcept
{
    std::uint64_t moved = 0;
    for (const peer& each : peers)
        moved += each.socket().received() + each.socket().sent();
    if (moved == moved_)
        return false;
    moved_ = moved;
    last_moved_at_ = now;
    return true;
}

namespace {

/// A silent peer may have vanished. One that has not ended by itself, so that its end would be of
/// our making, has to have been heard from as lately as keepalive makes a living peer answer (F24,
/// F53; E8).
bool are_peers_there(const state& now)
{
    const auto is_there = [&](side who, const net::keepalive& asked) {
        return ending::flow_from(now.facts, who).from != ending::source::open ||
               now.peer_of(who).socket().silent_for() < asked.answers_within();
    };
    const config::timeout_settings& timeouts = now.settings->timeouts;
    return is_there(side::client, client_keepalive(timeouts)) &&
           is_there(side::backend, backend_keepalive(timeouts, now.route->shutdown));
}

} // namespace

bool has_unread(state& now)
{
    bool found = false;
    for (const side who : {side::client, side::backend}) {
        if (ending::wants_reading(now.facts, who) && !ending::flow_from(now.facts, who).buffered)
            found = now.peer_of(who).socket().look_for_unread() || found;
    }
    return found;
}

bool is_quiet(state& now, bool was_idle)
{
    if (now.facts.contact != ending::contact::connected)
        return false;
    const base::time_point silent_since =
        std::max(now.activity.last_moved_at(), now.around.served_since);
    const bool is_silent = now.now() - silent_since >= now.route->shutdown.quiet;
    // R124: a server that thinks about its answer is silent, too.
    if (!was_idle && (!is_silent || now.activity.owes_answer()))
        return false;
    if (now.facts.to_backend.buffered || now.facts.to_client.buffered ||
        now.client().transport().is_amid_record() || has_unread(now))
        return false;
    observe_acknowledgements(now);
    return !ending::has_waiting_bytes(now.facts) && are_peers_there(now);
}

} // namespace ferrule::session
