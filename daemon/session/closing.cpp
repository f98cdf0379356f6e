// Deciding and waiting: facts → next step → the wire, and every bound of docs/endings.md.

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

/// What a session that the drain has cut still gets to deliver what it had read, and to say so.
constexpr base::milliseconds cut_grace{2000};

constexpr std::array both_sides{side::client, side::backend};

} // namespace

// --- saying --------------------------------------------------------------------------------------

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
            ending::performed(facts_, rules(), decided.next);
            perform(decided.next);
            break;
        }
    }
}

void session::perform(step what) noexcept
{
    metrics::listener_counters& counters = *profile_->counters;
    const auto count_reset_out = [&](side who) {
        counters.resets[static_cast<std::size_t>(who)][1].add();
    };
    switch (what) {
    case step::finish_client:
        counters.close_notify[static_cast<std::size_t>(metrics::close_notify_event::sent)].add();
        after_handing(side::client, client_.finish());
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

/// What a socket still holds when it is released did not verifiably arrive. What waits in our queue is
/// lost. What the kernel holds dies with an RST of ours; if the peer has reset the connection, it may
/// have taken it or not, since the kernel does not look at the acknowledgement in an RST.
void session::before_release(side who, bool by_reset) noexcept
{
    if (!ending::flow_to(facts_, who).unacked)
        return; // all of it was acknowledged, or there was nothing
    const shortfall missing = who == side::client ? client_.missing() : backend_.missing();
    const bool gone = ending::flow_to(facts_, who).to == ending::sink::gone;
    lost_[direction_to(who)] += missing.unsent;
    if (by_reset && !gone)
        lost_[direction_to(who)] += missing.in_kernel;
    else if (missing.in_kernel > 0)
        unconfirmed_ = true;
    if (missing.goodbye && !gone)
        unconfirmed_ = true;
}

/// Asks the kernel what the peers have acknowledged. True if that changes a fact.
bool session::look_for_acknowledgement() noexcept
{
    bool changed = false;
    std::uint64_t held = 0;
    for (const side who : both_sides) {
        flow& into = ending::flow_to(facts_, who);
        const net::socket& socket = socket_of(who);
        if (!socket.is_open() || !into.unacked || into.to == ending::sink::gone)
            continue;
        const bool handed_over =
            who == side::client ? client_.is_handed_over() : backend_.is_handed_over();
        const std::size_t in_kernel = socket.unacknowledged();
        if (handed_over && in_kernel == 0) {
            into.unacked = false;
            changed = true;
        }
        held += in_kernel;
    }
    if (held < kernel_held_)
        progress_ = true;
    kernel_held_ = held;
    return changed;
}

void session::give_up(std::string_view detail) noexcept
{
    detail_once(detail);
    ending::proxy_ended(facts_, rules(), cause::limit, false);
    facts_.polite = false;
    ending::deadline_passed(facts_);
}

// --- waiting -------------------------------------------------------------------------------------

base::milliseconds session::length_of(patience bound) const noexcept
{
    switch (bound) {
    case patience::idle: return profile_->timeouts.idle;
    case patience::half_close: return profile_->shutdown.half_close_timeout;
    case patience::close_notify: return profile_->shutdown.timeout;
    case patience::drain: return profile_->shutdown.drain_timeout;
    case patience::linger: return profile_->shutdown.linger;
    }
    return profile_->shutdown.drain_timeout;
}

/// Nothing announces an acknowledgement, nor that a slow peer takes a few bytes of a full queue: both
/// are asked for, sooner at first.
base::milliseconds session::polling_interval(const decision& decided) noexcept
{
    const bool waits_for_sink = facts_.to_client.buffered || facts_.to_backend.buffered;
    if (decided.for_acknowledgement) {
        poll_interval_ = std::clamp(poll_interval_ * 2, base::milliseconds{10},
                                    base::milliseconds{100});
        return poll_interval_;
    }
    poll_interval_ = base::milliseconds{0};
    if (!waits_for_sink && decided.bound != patience::drain)
        return base::off;
    return std::clamp(length_of(decided.bound) / 4, base::milliseconds{20},
                      base::milliseconds{1000});
}

void session::wait_for(const decision& decided) noexcept
{
    if (decided.bound != bound_ || progress_ || patience_at_ == never) {
        bound_ = decided.bound;
        const base::milliseconds length = length_of(bound_);
        const bool is_off = bound_ == patience::idle && length == base::off;
        patience_at_ = is_off ? never : now() + length;
        progress_ = false;
    }
    const base::milliseconds interval = polling_interval(decided);
    poll_at_ = interval == base::off ? never : now() + interval;
    arm();
}

void session::arm() noexcept
{
    around_.wheel.set(alarm_, std::min({patience_at_, deadline_at_, lifetime_at_, poll_at_,
                                        spread_at_, cut_at_}));
}

/// What `idle-polite` asks for: nothing waits for a sink, and no byte has moved for a second.
bool session::is_quiet() noexcept
{
    if (facts_.to_backend.buffered || facts_.to_client.buffered ||
        now() - last_byte_at_ < base::seconds{1})
        return false;
    look_for_acknowledgement();
    return !ending::has_waiting_bytes(facts_);
}

/// The bounds of the first two phases, and ends that come from outside during them.
void session::observe_phase_deadline() noexcept
{
    if (ending::has_ended(facts_) || phase_ == ending::phase::relaying) {
        return;
    }
    const bool handshaking = phase_ == ending::phase::handshaking;
    cause why = pending_end_;
    std::string_view detail;
    if (why == cause::none && now() >= cut_at_)
        why = cause::drain;
    if (why == cause::none && now() >= lifetime_at_)
        why = cause::lifetime;
    if (why == cause::none && now() >= patience_at_) {
        why = handshaking ? cause::handshake_failed : cause::no_backend;
        detail = handshaking ? "timeout: the handshake took too long"
                             : "timeout: no server took the connection in time";
    }
    if (why == cause::none) {
        if (now() >= spread_at_)
            spread_at_ = now() + base::seconds{1}; // it is not idle: looked at again later
        arm();
        return;
    }
    if (handshaking)
        handshake_over(why, detail, false, false);
    else
        backend_missing(why, detail);
}

void session::observe_time() noexcept
{
    // A session that was ended before it had a backend still has bytes of ours to look after.
    const bool has_backend = facts_.connected && phase_ != ending::phase::handshaking &&
                             phase_ != ending::phase::connecting;
    if (has_backend && !ending::is_closing(facts_)) {
        if (pending_end_ != cause::none)
            ending::proxy_ended(facts_, rules(), pending_end_, is_quiet());
        else if (now() >= lifetime_at_)
            ending::proxy_ended(facts_, rules(), cause::lifetime, is_quiet());
        else if (now() >= cut_at_)
            ending::proxy_ended(facts_, rules(), cause::drain, is_quiet());
        else if (now() >= spread_at_) {
            // Only what can be told as a clean end ends before its time.
            if (is_quiet() && rules().on_proxy_end != ending::proxy_policy::reset)
                ending::proxy_ended(facts_, rules(), cause::drain, true);
            else
                spread_at_ = now() + base::seconds{1};
        }
    }
    if (ending::is_closing(facts_)) {
        pending_end_ = cause::none;
        lifetime_at_ = spread_at_ = never;
        // Draining has its own bound; what has ended already has the rest of it to say so.
        if (now() >= cut_at_) {
            cut_at_ = never;
            deadline_at_ = std::min(deadline_at_, now() + cut_grace);
        }
    }
    if (now() >= deadline_at_ && !facts_.overdue) {
        profile_->counters->timeouts[static_cast<std::size_t>(metrics::shutdown_timeout::deadline)]
            .add();
        ending::deadline_passed(facts_);
        return;
    }
    if (now() >= poll_at_)
        look_for_acknowledgement();
    if (now() >= patience_at_ && !progress_)
        patience_is_over();
}

void session::patience_is_over() noexcept
{
    using metrics::shutdown_timeout;
    const auto count = [&](shutdown_timeout which) {
        profile_->counters->timeouts[static_cast<std::size_t>(which)].add();
    };
    switch (bound_) {
    case patience::close_notify:
        count(shutdown_timeout::close_notify);
        profile_->counters
            ->close_notify[static_cast<std::size_t>(metrics::close_notify_event::timeout)]
            .add();
        break;
    case patience::half_close: count(shutdown_timeout::half_close); break;
    case patience::drain: count(shutdown_timeout::drain); break;
    case patience::idle: look_for_acknowledgement(); break;
    case patience::linger: break;
    }
    ending::patience_ended(facts_, rules(), bound_, is_quiet());
    patience_at_ = never; // the next wait sets its own
}

void session::note_transitions() noexcept
{
    metrics::listener_counters& counters = *profile_->counters;
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
    if (ending::is_closing(facts_) && deadline_at_ == never)
        deadline_at_ = now() + profile_->shutdown.deadline;
}

// --- from outside --------------------------------------------------------------------------------

void session::end(cause why) noexcept
{
    if (pending_end_ == cause::none)
        pending_end_ = why;
    around_.ready.push(*this);
}

void session::drain(base::time_point spread_at, base::time_point cut_at) noexcept
{
    spread_at_ = spread_at;
    cut_at_ = cut_at;
    arm();
}

} // namespace ferrule::session
