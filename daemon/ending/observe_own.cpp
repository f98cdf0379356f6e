// The verbs for ends that Ferrule makes itself, and for the time that passes.

#include "ending/noting.hpp"
#include "ending/observe.hpp"

namespace ferrule::ending {

namespace {

void mark_stalled(facts& now, side who)
{
    const flow& into = flow_to(now, who);
    const bool can_be_told = into.to != sink::gone && into.to != sink::aborted;
    if (can_be_told && (into.buffered || into.unacked) && !peer_of(now, who).released)
        peer_of(now, who).stalled = true;
}

} // namespace

void proxy_ended(facts& now, const rules& manners, cause why, bool quiet)
{
    if (!has_open_source(now))
        return; // there is nothing left to cut, and the deadline is armed
    if (now.contact == contact::awaited) {
        // Nobody's end could be told, and a FIN would be an empty answer (decision 13).
        backend_missing(now, why);
        return;
    }
    settle_known_resets(now); // they came first
    if (now.first != why)
        note(now, why); // a drain that has asked, and cuts now, is one end
    const bool was_asked = now.asked;
    now.asked = now.asked || (manners.on_proxy_end == proxy_policy::ask && quiet && may_ask(now));
    cut(now.to_backend);
    if (now.asked && !was_asked)
        return; // the backend's own end will say what the client is told
    cut(now.to_client);
    now.polite = manners.on_proxy_end == proxy_policy::notify;
}

void given_up(facts& now, cause why)
{
    if (now.contact == contact::awaited && has_open_source(now)) {
        backend_missing(now, why);
    } else if (has_open_source(now) || why == cause::internal) {
        settle_known_resets(now);
        note(now, why);
        cut(now.to_backend);
        cut(now.to_client);
    }
    now.polite = false;
    now.overdue = true;
}

// --- time ----------------------------------------------------------------------------------------

void patience_ended(facts& now, const rules& manners, patience which, bool quiet)
{
    switch (which) {
    case patience::handshake:
        if (phase_of(now) == phase::handshaking)
            handshake_ended(now, cause::handshake_failed, told::nothing);
        break;
    case patience::connect:
        if (phase_of(now) == phase::connecting)
            backend_missing(now, cause::no_backend);
        break;
    case patience::idle:
        proxy_ended(now, manners,
                    has_waiting_bytes(now) ? cause::write_stalled : cause::idle_timeout, quiet);
        break;
    case patience::half_close:
    case patience::ask:
        // The backend has been told that no more will come, and has not ended by itself: whatever
        // it had to say, nobody knows whether it is all (E8).
        proxy_ended(now, manners, cause::half_close_timeout, false);
        break;
    case patience::close_notify:
        // The client was told the truth and never answered. It has not ended, so for the backend
        // this is an abort (docs/endings.md, "What a cut means").
        note(now, cause::close_timeout);
        now.client.lingered = true;
        if (now.to_backend.from == source::open) {
            cut(now.to_backend);
            now.polite = false;
        }
        break;
    case patience::stall:
        mark_stalled(now, side::client);
        mark_stalled(now, side::backend);
        if (has_open_source(now))
            now.polite = false;
        settle_known_resets(now);
        note(now, cause::write_stalled);
        cut(now.to_backend);
        cut(now.to_client);
        break;
    case patience::linger:
        now.client.lingered = true;
        now.backend.lingered = true;
        break;
    }
}

void linger_bytes_used_up(facts& now)
{
    now.client.lingered = true;
    now.backend.lingered = true;
}

void deadline_passed(facts& now)
{
    now.overdue = true;
}

} // namespace ferrule::ending
