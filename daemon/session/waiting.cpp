// Waiting: which bound is in force, when it has passed, and what passes from outside.

#include "session/session.hpp"

#include <algorithm>

namespace ferrule::session {

using ending::cause;
using ending::decision;
using ending::patience;
using ending::side;
using ending::step;

namespace {

/// What a session that the drain has cut still gets to deliver what it had read, and to say so.
constexpr base::milliseconds cut_grace{2000};

} // namespace

net::keepalive client_keepalive(const config::timeout_settings& timeouts) noexcept
{
    return net::keepalive_below(timeouts.idle);
}

net::keepalive backend_keepalive(const config::timeout_settings& timeouts,
                                 const config::shutdown_settings& shutdown) noexcept
{
    const base::milliseconds half_closed = shutdown.half_close_timeout;
    return net::keepalive_below(timeouts.idle == base::off ? half_closed
                                                           : std::min(timeouts.idle, half_closed));
}

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

/// Nothing announces an acknowledgement, nor that a slow peer takes a few bytes of a full queue:
/// both are asked for, sooner at first.
base::milliseconds session::polling_interval(const decision& decided) noexcept
{
    const bool waits_for_sink = facts_.to_client.buffered || facts_.to_backend.buffered;
    if (decided.for_acknowledgement) {
        poll_interval_ =
            std::clamp(poll_interval_ * 2, base::milliseconds{10}, base::milliseconds{100});
        return poll_interval_;
    }
    poll_interval_ = base::milliseconds{0};
    // Asked only when the bound has passed, an acknowledgement of long ago would count as progress
    // of that moment, and the bound would run twice.
    const bool waits_for_bytes =
        decided.bound != patience::idle && ending::has_waiting_bytes(facts_);
    if (!waits_for_sink && !waits_for_bytes && decided.bound != patience::drain)
        return base::off;
    return std::clamp(length_of(decided.bound) / 4, base::milliseconds{20},
                      base::milliseconds{1000});
}

void session::wait_for(const decision& decided) noexcept
{
    if (decided.bound != bound_ || progress_ || patience_at_ == never) {
        const base::milliseconds length = length_of(decided.bound);
        if (decided.bound != bound_ || (patience_at_ == never && length != base::off))
            note(happening::waiting, static_cast<std::uint64_t>(length.count()),
                 static_cast<std::uint8_t>(decided.bound));
        bound_ = decided.bound;
        const bool is_off = bound_ == patience::idle && length == base::off;
        patience_at_ = is_off ? never : now() + length;
        progress_ = false;
    }
    const base::milliseconds interval = polling_interval(decided);
    // A turn for another reason does not put the question off: what comes often would starve it.
    if (interval == base::off)
        poll_at_ = never;
    else if (poll_at_ <= now() || poll_at_ > now() + interval)
        poll_at_ = now() + interval;
    arm();
}

void session::arm() noexcept
{
    around_.wheel.set(alarm_, std::min({patience_at_, deadline_at_, lifetime_at_, poll_at_,
                                        spread_at_, cut_at_, watch_backend_at_}));
}

/// A silent peer may have vanished. Whoever has not ended by itself, so that its end would be of
/// our making, has to have been heard from as lately as keepalive makes a living peer answer.
bool session::are_peers_there() const noexcept
{
    const auto is_there = [&](side who, const net::keepalive& asked) {
        return ending::flow_from(facts_, who).from != ending::source::open ||
               socket_of(who).silent_for() < asked.answers_within();
    };
    return is_there(side::client, client_keepalive(profile_->timeouts)) &&
           is_there(side::backend, backend_keepalive(profile_->timeouts, profile_->shutdown));
}

/// What `idle-polite` asks for: nothing waits for a sink, no byte has moved for a second, and the
/// peers are known to be there.
bool session::is_quiet() noexcept
{
    if (facts_.to_backend.buffered || facts_.to_client.buffered ||
        now() - last_byte_at_ < base::seconds{1})
        return false;
    look_for_acknowledgement();
    return !ending::has_waiting_bytes(facts_) && are_peers_there();
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

/// What has happened counts before the time that has passed: an end or an acknowledgement that
/// comes in the turn in which a bound passes has come in time. False if the session is over with
/// it.
bool session::catch_up() noexcept
{
    if (facts_.overdue || now() < std::min(patience_at_, deadline_at_))
        return true;
    look_for_acknowledgement();
    return settle();
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
    if (now() >= watch_backend_at_) {
        // Most sessions are over by now, and have saved these system calls.
        watch_backend_at_ = never;
        backend_.socket().watch_for_silence(
            backend_keepalive(profile_->timeouts, profile_->shutdown));
    }
    if (now() >= deadline_at_ && !facts_.overdue) {
        profile_->counters->timeouts[static_cast<std::size_t>(metrics::shutdown_timeout::deadline)]
            .add();
        note(happening::deadline_passed);
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
    note(happening::bound_passed, 0, static_cast<std::uint8_t>(bound_));
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

// --- from outside --------------------------------------------------------------------------------

void session::end(cause why) noexcept
{
    if (pending_end_ == cause::none)
        pending_end_ = why;
    note(happening::end_ordered, 0, static_cast<std::uint8_t>(why));
    around_.ready.push(*this);
}

void session::drain(base::time_point spread_at, base::time_point cut_at) noexcept
{
    note(happening::drain_ordered,
         static_cast<std::uint64_t>(
             std::chrono::duration_cast<base::milliseconds>(cut_at - now()).count()));
    spread_at_ = spread_at;
    cut_at_ = cut_at;
    arm();
}

} // namespace ferrule::session
