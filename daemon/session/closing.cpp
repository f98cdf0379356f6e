// Deciding and saying: facts → next step → the wire.

#include "session/session.hpp"

#include <algorithm>

namespace ferrule::session {

using ending::decision;
using ending::flow;
using ending::side;
using ending::step;

namespace {

std::size_t direction_to(side who)
{
    return static_cast<std::size_t>(who == side::client ? ending::direction::to_client
                                                        : ending::direction::to_backend);
}

constexpr std::array both_sides{side::client, side::backend};

std::uint64_t count_of(base::milliseconds length)
{
    return static_cast<std::uint64_t>(length.count());
}

} // namespace

/// Says what there is to say. True while something is still to be waited for.
bool session::settle()
{
    for (;;) {
        note_transitions();
        const decision decided = ending::next_step(facts_, rules());
        switch (decided.next) {
        case step::wait:
            if (decided.for_acknowledgement && look_for_acknowledgement())
                continue;
            wait_for(decided);
            return true;
        case step::done: return false;
        default: perform(as_told(decided.next)); break;
        }
    }
}

/// Where the kernel would send no RST, an abort lets go of a peer that was told its end before, or
/// whose own RST has just come: log and metrics claim no more than that.
step session::as_told(step decided)
{
    if (decided != step::abort_client && decided != step::abort_backend)
        return decided;
    const side who = decided == step::abort_client ? side::client : side::backend;
    if (socket_of(who).can_tell_abort())
        return decided;
    if (ending::flow_to(facts_, who).to == ending::sink::open) {
        sink_lost(who);
        return decided;
    }
    return who == side::client ? step::release_client : step::release_backend;
}

/// Says one thing, and records that it was said. A goodbye that TLS does not say was not said.
void session::perform(step what)
{
    const auto say = [&] {
        note(record::happening::step, 0, static_cast<std::uint8_t>(what));
        ending::performed(facts_, rules(), what);
    };
    switch (what) {
    case step::finish_client: {
        const handed done = client_.finish();
        if (done == handed::refused) {
            tls_failed();
            return;
        }
        say();
        note_alerts();
        after_handing(side::client, done);
        profile_->counters
            ->close_notify[static_cast<std::size_t>(metrics::close_notify_event::sent)]
            .add();
        return;
    }
    case step::truncate_client:
        say();
        after_handing(side::client, client_.truncate());
        return;
    case step::finish_backend:
        say();
        after_handing(side::backend, backend_.finish());
        return;
    case step::abort_client:
    case step::abort_backend:
        say();
        abort(what == step::abort_client ? side::client : side::backend);
        return;
    case step::release_client:
    case step::release_backend:
        say();
        release(what == step::release_client ? side::client : side::backend);
        return;
    case step::wait:
    case step::done: return;
    }
}

void session::abort(side who)
{
    before_release(who, true);
    // Not if it is gone, nor if the kernel sends none (`as_told`).
    if (ending::flow_to(facts_, who).to == ending::sink::aborted)
        profile_->counters->resets[static_cast<std::size_t>(who)][1].add();
    who == side::client ? client_.abort() : backend_.abort();
}

void session::release(side who)
{
    before_release(who, false);
    const bool acknowledged = !ending::flow_to(facts_, who).unacked;
    who == side::client ? client_.release(acknowledged) : backend_.release(acknowledged);
}

/// What a socket still holds when it is released did not verifiably arrive. What waits in our queue
/// is lost. What the kernel holds dies with an RST of ours; if the peer has reset the connection,
/// it may have taken it or not, since the kernel does not look at the acknowledgement in an RST.
void session::before_release(side who, bool by_reset)
{
    if (!ending::flow_to(facts_, who).unacked)
        return; // all of it was acknowledged, or there was nothing
    const shortfall missing = who == side::client ? client_.missing() : backend_.missing();
    const bool gone = ending::flow_to(facts_, who).to == ending::sink::gone;
    lost_[direction_to(who)] += missing.unsent;
    if (by_reset && !gone)
        lost_[direction_to(who)] += missing.in_kernel;
    else
        unconfirmed_[direction_to(who)] += missing.in_kernel;
    if (missing.goodbye && !gone)
        goodbye_unconfirmed_ = true;
}

/// Asks the kernel what the peers have acknowledged. True if that changes a fact.
bool session::look_for_acknowledgement()
{
    bool changed = false;
    for (const side who : both_sides) {
        const flow& into = ending::flow_to(facts_, who);
        const net::socket& socket = socket_of(who);
        std::uint64_t& held = kernel_held_[static_cast<std::size_t>(who)];
        if (!socket.is_open() || !into.unacked || into.to == ending::sink::gone) {
            held = 0; // what died with a connection was not taken by anybody: no progress
            continue;
        }
        const bool handed_over =
            who == side::client ? client_.is_handed_over() : backend_.is_handed_over();
        const std::size_t in_kernel = socket.unacknowledged();
        if (handed_over && in_kernel == 0) {
            ending::acknowledged(facts_, who);
            changed = true;
            if (ending::has_ended(facts_))
                note(record::of_side(record::happening::client_acknowledged, who));
        }
        progress_ = progress_ || in_kernel < held;
        held = in_kernel;
    }
    return changed;
}

void session::note_first_end()
{
    if (!ending::has_ended(facts_) || counted_closing_)
        return;
    counted_closing_ = true;
    first_end_at_ = now();
    profile_->counters->sessions_closing.add();
    count_handshake();
}

void session::note_transitions()
{
    metrics::listener_counters& counters = *profile_->counters;
    note_causes();
    note_first_end();
    const bool half_closed = ending::is_half_closed(facts_);
    if (half_closed != counted_half_closed_) {
        counted_half_closed_ = half_closed;
        if (half_closed) {
            counters.sessions_half_closed.add();
            half_closed_at_ = now();
        } else {
            counters.sessions_half_closed.subtract();
            half_closed_for_ =
                std::chrono::duration_cast<base::microseconds>(now() - half_closed_at_);
        }
    }
    if (ending::is_closing(facts_) && bounds_.deadline == bounds::never) {
        bounds_.deadline = now() + profile_->shutdown.deadline;
        note(record::happening::deadline_armed, count_of(profile_->shutdown.deadline));
    }
}

} // namespace ferrule::session
