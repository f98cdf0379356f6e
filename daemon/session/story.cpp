#include "session/story.hpp"

#include "ending/outcome.hpp"

namespace ferrule::session {

using ending::cause;
using ending::side;

base::microseconds microseconds_between(base::time_point from, base::time_point to) noexcept
{
    if (from == base::time_point{} || to < from)
        return base::microseconds{0};
    return std::chrono::duration_cast<base::microseconds>(to - from);
}

record::ended_session tell(const story& of, const profile& settings, const route& route,
                           const ending::facts& known, const peer& client,
                           base::time_point now) noexcept
{
    record::ended_session told;
    told.ended_at_microseconds = std::chrono::duration_cast<base::microseconds>(
                                     std::chrono::system_clock::now().time_since_epoch())
                                     .count();
    told.session_id = of.id;
    told.listener = settings.listener;
    told.client = of.client.text();
    if (const tls_transport* secured = client.transport().tls(); secured != nullptr) {
        const tls::agreement agreed = secured->channel().agreed();
        told.tls_version = agreed.version;
        told.cipher = agreed.cipher;
        told.sni = agreed.sni;
        told.alpn = agreed.alpn;
        told.resumed = agreed.resumed;
    }
    told.backend = route.backend->name();
    told.server = of.server;
    told.bytes = of.bytes;
    told.lost = of.lost;
    told.unconfirmed = of.unconfirmed;
    told.undecrypted = known.secured ? client.transport().undecrypted() : 0;
    told.cause = known.first;
    told.second = known.second;
    told.detail = of.detail;
    told.client_act = ending::act_of(known, side::client);
    told.backend_act = ending::act_of(known, side::backend);
    const bool has_lost = of.lost[0] + of.lost[1] > 0;
    const bool is_unconfirmed =
        of.is_goodbye_unconfirmed || of.unconfirmed[0] + of.unconfirmed[1] > 0;
    told.outcome = ending::outcome_of(known, has_lost, is_unconfirmed);
    told.first_end = ending::first_end_of(known);
    const bool is_secured = of.handshake_done != base::time_point{};
    told.handshake =
        microseconds_between(of.accepted, is_secured ? of.handshake_done : of.first_end);
    told.connect = microseconds_between(of.handshake_done, of.connected);
    told.half_closed = of.half_closed_for;
    told.close = microseconds_between(of.first_end, now);
    told.total = microseconds_between(of.accepted, now);
    return told;
}

record::snapshot look(const story& of, const profile& settings, const route& route,
                      const ending::facts& known, const peer& client, base::time_point last_moved,
                      base::time_point now)
{
    record::snapshot seen{
        how_far(known), tell(of, settings, route, known, client, now), of.accepted, {}};
    seen.silent = std::chrono::duration_cast<base::milliseconds>(now - last_moved);
    if (seen.so_far.cause == cause::none) {
        seen.so_far.handshake = microseconds_between(of.accepted, of.handshake_done);
        seen.so_far.ended_at_microseconds = 0;
    }
    return seen;
}

record::state how_far(const ending::facts& known) noexcept
{
    if (ending::is_half_closed(known))
        return record::state::half_closed;
    switch (ending::phase_of(known)) {
    case ending::phase::handshaking: return record::state::handshaking;
    case ending::phase::connecting: return record::state::connecting;
    case ending::phase::closing: return record::state::closing;
    case ending::phase::relaying: break;
    }
    return record::state::relaying;
}

} // namespace ferrule::session
