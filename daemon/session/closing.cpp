// Deciding and saying: facts → next step → the wire.

#include "base/check.hpp"
#include "session/session.hpp"

#include <algorithm>

namespace ferrule::session {

using ending::cause;
using ending::decision;
using ending::flow;
using ending::patience;
using ending::side;
using ending::source;
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
bool session::settle() noexcept
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
        default:
            // Recorded first: what performing shows (a sink that is gone) comes after it.
            const step told = as_told(decided.next);
            note(happening::step, 0, static_cast<std::uint8_t>(told));
            ending::performed(facts_, rules(), told);
            perform(decided.next);
            break;
        }
    }
}

/// Where the kernel would send no RST, an abort lets go of a peer that was told its end before, or
/// whose own RST has just come: log and metrics claim no more than that.
step session::as_told(step decided) noexcept
{
    if (decided != step::abort_client && decided != step::abort_backend)
        return decided;
    const side who = decided == step::abort_client ? side::client : side::backend;
    if (socket_of(who).can_tell_abort())
        return decided;
    if (ending::flow_to(facts_, who).to == ending::sink::open) {
        ending::sink_lost(facts_, who);
        return decided;
    }
    return who == side::client ? step::release_client : step::release_backend;
}

void session::perform(step what) noexcept
{
    metrics::listener_counters& counters = *profile_->counters;
    const auto count_reset_out = [&](side who) {
        // Not if it is gone, nor if the kernel sends none (`as_told`).
        if (ending::flow_to(facts_, who).to == ending::sink::aborted)
            counters.resets[static_cast<std::size_t>(who)][1].add();
    };
    switch (what) {
    case step::finish_client:
        after_handing(side::client, client_.finish());
        note_alerts();
        if (client_.has_said_close_notify())
            counters.close_notify[static_cast<std::size_t>(metrics::close_notify_event::sent)]
                .add();
        break;
    case step::truncate_client: after_handing(side::client, client_.truncate()); break;
    case step::finish_backend: after_handing(side::backend, backend_.finish()); break;
    case step::abort_client:
        before_release(side::client, true);
        count_reset_out(side::client);
        client_.abort();
        break;
    case step::abort_backend:
        before_release(side::backend, true);
        count_reset_out(side::backend);
        backend_.abort();
        break;
    case step::release_client:
        before_release(side::client, false);
        client_.release();
        break;
    case step::release_backend:
        before_release(side::backend, false);
        backend_.release();
        break;
    case step::wait:
    case step::done: break;
    }
}

/// What a socket still holds when it is released did not verifiably arrive. What waits in our queue
/// is lost. What the kernel holds dies with an RST of ours; if the peer has reset the connection,
/// it may have taken it or not, since the kernel does not look at the acknowledgement in an RST.
void session::before_release(side who, bool by_reset) noexcept
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
bool session::look_for_acknowledgement() noexcept
{
    bool changed = false;
    for (const side who : both_sides) {
        flow& into = ending::flow_to(facts_, who);
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
            into.unacked = false;
            changed = true;
            if (ending::has_ended(facts_))
                note(of_side(happening::client_acknowledged, who));
        }
        progress_ = progress_ || in_kernel < held;
        held = in_kernel;
    }
    return changed;
}

void session::give_up(std::string_view detail) noexcept
{
    detail_once(detail);
    ending::proxy_ended(facts_, rules(), cause::limit, false);
    facts_.polite = false;
    ending::deadline_passed(facts_);
}

void session::note_transitions() noexcept
{
    metrics::listener_counters& counters = *profile_->counters;
    note_causes();
    if (ending::has_ended(facts_) && first_end_at_ == base::time_point{}) {
        first_end_at_ = now();
        phase_ = ending::phase::closing;
        counters.sessions_closing.add();
        counted_closing_ = true;
    }
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
    if (ending::is_closing(facts_) && deadline_at_ == never) {
        deadline_at_ = now() + profile_->shutdown.deadline;
        note(happening::deadline_armed, count_of(profile_->shutdown.deadline));
    }
}

} // namespace ferrule::session
