#include "worker/drain_verdict.hpp"

namespace ferrule::worker {

namespace {

using ending::act;
using ending::cause;
using ending::outcome;

/// The drain has not waited for the session's own end, and could not make it a clean one. A client
/// that only leaves our goodbye unanswered was told the end of everything.
bool was_cut_by_drain(const record::ended_session& ended)
{
    const bool by_drain = ended.cause == cause::drain || ended.second == cause::drain;
    return by_drain && (ended.client_act == act::reset || ended.backend_act == act::reset ||
                        ended.backend_act == act::sent);
}

} // namespace

bool is_well_in_drain(const record::ended_session& ended) noexcept
{
    switch (ended.outcome) {
    case outcome::clean:
    case outcome::none: return true;
    case outcome::cut: return !was_cut_by_drain(ended);
    case outcome::unconfirmed:
    case outcome::lost: break;
    }
    return false;
}

} // namespace ferrule::worker
