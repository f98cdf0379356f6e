#include "ending/outcome.hpp"

namespace ferrule::ending {

namespace {

/// Its own clean end was seen, if need be after we had cut it (R110, R118). What an option forgives
/// is no clean end all the same (R95, R96).
bool has_ended_clean(const flow& from_peer)
{
    return from_peer.from == source::clean || (from_peer.from == source::cut && from_peer.answered);
}

/// It was told the end of all, or had left by then (R10). A client of `mode: abort` was not (R85).
bool was_told_the_end(const flow& into)
{
    return into.to == sink::finished || into.to == sink::gone;
}

} // namespace

outcome outcome_of(const facts& now, bool lost, bool unconfirmed)
{
    if (lost) // R46, R93, R123: the worst that applies, whoever is to blame (E6)
        return outcome::lost;
    if (now.contact != contact::connected)
        return outcome::none; // R50, R60, R63: nothing was read, so nothing can be missing
    if (unconfirmed)
        return outcome::unconfirmed;
    for (const side who : {side::client, side::backend}) {
        if (!has_ended_clean(flow_from(now, who)) || !was_told_the_end(flow_to(now, who)))
            return outcome::cut;
    }
    return outcome::clean;
}

bool can_come_of(cause first, outcome how)
{
    const bool is_ending = how != outcome::none; // of a session that had a backend
    switch (first) {
    case cause::client_eof:
    case cause::backend_eof:
    case cause::idle_timeout:
    case cause::write_stalled: return is_ending;
    case cause::client_truncated:
    case cause::backend_reset:
    case cause::tls_error: return is_ending && how != outcome::clean;
    case cause::handshake_failed:
    case cause::probe: return how == outcome::none;
    case cause::no_backend: // what came with the handshake may be lost
        return how == outcome::none || how == outcome::lost;
    case cause::client_reset: // also while connecting
    case cause::limit:
    case cause::internal: return how != outcome::clean;
    case cause::lifetime: // these may come at any time
    case cause::drain:
    case cause::killed: return true;
    case cause::backend_truncated:  // backends speak plain TCP
    case cause::half_close_timeout: // these only ever come second
    case cause::close_timeout:
    case cause::none: return false;
    }
    return false;
}

} // namespace ferrule::ending
