// The verbs for ends that Ferrule makes itself, and for the time that passes.

#include "ending/noting.hpp"
#include "ending/observe.hpp"

namespace ferrule::ending {

namespace {

void mark_stalled(facts& now, side who)
{
    const flow& into = flow_to(now, who);
    // R93, R115, R116: only the side that takes nothing; the other one still gets what was read.
    const bool can_be_told = into.to != sink::gone && into.to != sink::aborted;
    if (can_be_told && (into.buffered || into.unacked) && !peer_of(now, who).released)
        peer_of(now, who).stalled = true;
}

} // namespace

void proxy_ended(facts& now, const rules& manners, cause why, bool quiet)
{
    if (!has_open_source(now))
        return; // there is nothing left to cut (E5), and the deadline is armed (E4)
    if (now.contact == contact::awaited) {
        // Nobody's end could be told, and a FIN would be an empty answer (decision 13).
        backend_missing(now, why);
        return;
    }
    settle_known_resets(now); // they came first (E5; R112a)
    if (now.first != why)
        note(now, why); // a drain that has asked, and cuts now, is one end
    // R110, R118: a quiet one is asked. R113, R117, R124, F38: any other is reset, as its last
    // words may be half of something (E8).
    const bool was_asked = now.asked;
    now.asked = now.asked || (manners.on_proxy_end == proxy_policy::ask && quiet && may_ask(now));
    cut(now.to_backend);
    if (now.asked && !was_asked)
        return; // R110, R121, R122: the backend's own end will say what the client is told
    cut(now.to_client);
    // R91, R112: a clean end if the operator calls it one.
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
    case patience::handshake: // R66 to R68, F19: nothing is agreed on, so nothing can be said
        if (phase_of(now) == phase::handshaking)
            handshake_ended(now, cause::handshake_failed, told::nothing);
        break;
    case patience::connect: // R52, F42 to F44: silence is a refusal by now
        if (phase_of(now) == phase::connecting)
            backend_missing(now, cause::no_backend);
        break;
    case patience::idle:
        // R115, R116, F1, F13, F30, F41, F45: somebody takes nothing. R110, R113: nobody says
        // anything.
        proxy_ended(now, manners,
                    has_waiting_bytes(now) ? cause::write_stalled : cause::idle_timeout, quiet);
        break;
    case patience::half_close:
    case patience::ask:
        // R90, R111, F47, F53, F54: the backend has been told that no more will come, and has not
        // ended by itself: whatever it had to say, nobody knows whether it is all (E8).
        proxy_ended(now, manners, cause::half_close_timeout, false);
        break;
    case patience::close_notify:
        // R80, F15: the client was told the truth and never answered. It has not ended, so for the
        // backend this is an abort.
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
        note(now, cause::write_stalled); // R93, F9, F16, F39, F46: after an end
        cut(now.to_backend);
        cut(now.to_client);
        break;
    case patience::linger: // R82, R97: no answer was asked for, and none came
        now.client.lingered = true;
        now.backend.lingered = true;
        break;
    }
}

void linger_bytes_used_up(facts& now)
{
    // R84: who sends on and on has had time enough to read our end.
    now.client.lingered = true;
    now.backend.lingered = true;
}

void deadline_passed(facts& now)
{
    now.overdue = true; // R94: both are reset, however much still moves (E4)
}

} // namespace ferrule::ending
