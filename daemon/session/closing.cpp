#include "session/closing.hpp"

#include "ending/next_step.hpp"
#include "session/observe.hpp"
#include "session/state.hpp"

namespace ferrule::session {

using ending::decision;
using ending::side;
using ending::step;

namespace {

side side_of(step what)
{
    switch (what) {
    case step::finish_backend:
    case step::abort_backend:
    case step::release_backend: return side::backend;
    case step::finish_client:
    case step::truncate_client:
    case step::abort_client:
    case step::release_client:
    case step::wait:
    case step::done: break;
    }
    return side::client;
}

/// Where the kernel would send no RST, an abort lets go of a peer that was told its end before, or
/// whose own RST has just come: log and metrics claim no more than that (F12, F23).
step as_told(state& now, step decided)
{
    if (decided != step::abort_client && decided != step::abort_backend)
        return decided;
    const side who = side_of(decided);
    if (now.peer_of(who).socket().can_tell_abort())
        return decided;
    if (ending::flow_to(now.facts, who).to == ending::sink::open) {
        observe_sink_lost(now, who);
        return decided;
    }
    return who == side::client ? step::release_client : step::release_backend;
}

void say(state& now, step what)
{
    now.journal.note(record::happening::step, 0, static_cast<std::uint8_t>(what));
    ending::performed(now.facts, now.rules(), what);
}

/// R47: a goodbye that TLS does not say was not said.
void finish(state& now, step what)
{
    const side who = side_of(what);
    peer& sink = now.peer_of(who);
    const handed done = sink.finish();
    if (done == handed::refused) {
        observe_tls_failure(now);
        return;
    }
    say(now, what);
    now.journal.note_alerts(sink);
    observe_handed(now, who, done);
    if (sink.transport().tls() != nullptr)
        now.journal.close_notify_sent();
}

/// What a socket still holds when it is released did not verifiably arrive. What waits in our queue
/// is lost. What the kernel holds dies with an RST of ours; if the peer has reset the connection,
/// it may have taken it or not, since the kernel does not look at the acknowledgement in an RST.
void before_release(state& now, side who, bool by_reset)
{
    const ending::flow& into = ending::flow_to(now.facts, who);
    // R26, R93, R94, F37: what our RST destroys, or may have destroyed, is lost. R34, F6, F22, F51:
    // whose connection is gone may have taken it (E6).
    if (!into.unacked)
        return; // all of it was acknowledged, or there was nothing
    const bool is_gone = into.to == ending::sink::gone;
    now.journal.missing(who == side::client ? ending::direction::to_client
                                            : ending::direction::to_backend,
                        now.peer_of(who).missing(), by_reset && !is_gone, is_gone);
}

void abort(state& now, side who)
{
    before_release(now, who, true);
    // Not if it is gone, nor if the kernel sends none (`as_told`).
    if (ending::flow_to(now.facts, who).to == ending::sink::aborted)
        now.journal.reset_sent(who);
    now.peer_of(who).abort();
}

void release(state& now, side who)
{
    before_release(now, who, false);
    now.peer_of(who).release(!ending::flow_to(now.facts, who).unacked);
}

/// Says one thing, and records that it was said.
void perform(state& now, step what)
{
    const side who = side_of(what);
    switch (what) {
    case step::finish_client:
    case step::finish_backend: finish(now, what); return;
    case step::truncate_client:
        say(now, what);
        observe_handed(now, who, now.peer_of(who).truncate());
        return;
    case step::abort_client:
    case step::abort_backend:
        say(now, what);
        abort(now, who);
        return;
    case step::release_client:
    case step::release_backend:
        say(now, what);
        release(now, who);
        return;
    case step::wait:
    case step::done: return;
    }
}

/// Once neither source has more to give, nothing outlives `deadline` (E4; R94).
void arm_deadline(state& now)
{
    if (!ending::is_closing(now.facts) || now.bounds.deadline != bounds::never)
        return;
    const base::milliseconds length = now.route->shutdown.deadline;
    now.bounds.deadline = now.now() + length;
    now.journal.note(record::happening::deadline_armed, static_cast<std::uint64_t>(length.count()));
}

void wait_for(state& now, const decision& decided)
{
    const auto begun = now.bounds.wait_for(decided, now.facts, now.settings->timeouts,
                                           now.route->shutdown, now.now());
    if (begun.has_value())
        now.journal.note(record::happening::waiting, static_cast<std::uint64_t>(begun->count()),
                         static_cast<std::uint8_t>(decided.bound));
    now.arm();
}

} // namespace

bool settle(state& now)
{
    for (;;) {
        now.journal.follow(now.facts);
        arm_deadline(now);
        const decision decided = ending::next_step(now.facts, now.rules());
        switch (decided.next) {
        case step::wait:
            if (decided.for_acknowledgement && observe_acknowledgements(now))
                continue;
            wait_for(now, decided);
            return true;
        case step::done: return false;
        default: perform(now, as_told(now, decided.next)); break;
        }
    }
}

void reset_both(state& now)
{
    now.journal.follow(now.facts);
    for (const side who : {side::client, side::backend}) {
        if (!now.peer_of(who).socket().is_open())
            continue;
        ending::performed(now.facts, now.rules(),
                          who == side::client ? step::abort_client : step::abort_backend);
        before_release(now, who, true);
        now.journal.reset_sent(who);
        now.peer_of(who).abort();
    }
}

} // namespace ferrule::session
