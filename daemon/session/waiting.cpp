// Waiting: which bound is in force, when it has passed, and what passes from outside.

#include "session/session.hpp"

#include <algorithm>

namespace ferrule::session {

using ending::cause;
using ending::decision;
using ending::patience;
using ending::phase;
using ending::proxy_policy;

namespace {

/// What a session that the drain has cut still gets to deliver what it had read, and to say so.
constexpr base::milliseconds cut_grace{2000};

/// A drain looks again after this whether a session has become quiet.
constexpr base::milliseconds ask_interval{1000};

/// How often the kernel is asked what has been acknowledged: a quarter of the bound within these. A
/// session whose last bytes the kernel has is nearly always acknowledged at once; asking it rarely
/// costs nothing, and moves `timeouts.idle` by no more.
constexpr base::milliseconds shortest_poll{20};
constexpr base::milliseconds longest_poll{1000};
constexpr base::milliseconds longest_idle_poll{30'000};

/// The others begin anew whenever something moves.
bool is_absolute(patience bound)
{
    return bound == patience::handshake || bound == patience::connect || bound == patience::linger;
}

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
    case patience::handshake: return profile_->timeouts.handshake;
    case patience::connect: return profile_->timeouts.connect;
    case patience::idle: return profile_->timeouts.idle;
    case patience::half_close: return profile_->shutdown.half_close_timeout;
    case patience::ask:
        // A drain has time until its cut, and an answer that pauses may need it.
        if (bounds_.cut != bounds::never)
            return std::max(profile_->shutdown.timeout,
                            std::chrono::ceil<base::milliseconds>(bounds_.cut - now()));
        return profile_->shutdown.timeout;
    case patience::close_notify: return profile_->shutdown.timeout;
    case patience::stall: return profile_->shutdown.stall_timeout;
    case patience::linger: return profile_->shutdown.linger;
    }
    return profile_->shutdown.stall_timeout;
}

/// Nothing announces an acknowledgement, nor that a slow peer takes a few bytes of a full queue:
/// both are asked for, sooner at first.
base::milliseconds session::polling_interval(const decision& decided)
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
    if (!waits_for_sink && !ending::has_waiting_bytes(facts_) && decided.bound != patience::stall)
        return base::off;
    const base::milliseconds length = length_of(decided.bound);
    if (decided.bound == patience::idle && !waits_for_sink)
        return length == base::off ? length
                                   : std::clamp(length / 4, shortest_poll, longest_idle_poll);
    return std::clamp(length / 4, shortest_poll, longest_poll);
}

void session::wait_for(const decision& decided)
{
    const bool restarts = progress_ && !is_absolute(decided.bound);
    if (decided.bound != bound_ || restarts || bounds_.patience == bounds::never) {
        const base::milliseconds length = length_of(decided.bound);
        if (decided.bound != bound_ || (bounds_.patience == bounds::never && length != base::off))
            note(record::happening::waiting, static_cast<std::uint64_t>(length.count()),
                 static_cast<std::uint8_t>(decided.bound));
        bound_ = decided.bound;
        const bool is_off = bound_ == patience::idle && length == base::off;
        bounds_.patience = is_off ? bounds::never : now() + length;
    }
    progress_ = false;
    const base::milliseconds interval = polling_interval(decided);
    // A turn for another reason does not put the question off: what comes often would starve it.
    if (interval == base::off)
        bounds_.poll = bounds::never;
    else if (bounds_.poll <= now() || bounds_.poll > now() + interval)
        bounds_.poll = now() + interval;
    arm();
}

void session::arm() noexcept
{
    around_.wheel.set(alarm_, bounds_.earliest());
}

// --- time ----------------------------------------------------------------------------------------

/// What has happened counts before the time that has passed: bytes, an end or an acknowledgement
/// that come in the turn in which a bound passes have come in time, however late the turn is. False
/// if the session is over with it.
bool session::catch_up()
{
    if (facts_.overdue || at_once_ || !bounds_.is_due(now()))
        return true;
    if (has_unread())
        see();
    look_for_acknowledgement();
    return settle();
}

void session::observe_time()
{
    observe_ends();
    observe_questions();
    const phase at = ending::phase_of(facts_);
    if (at == phase::handshaking || at == phase::connecting)
        arm();
}

/// Handshake and connect are over with their phase, even before the next bound is set.
bool session::is_bound_in_force() const
{
    const phase at = ending::phase_of(facts_);
    return (bound_ != patience::handshake || at == phase::handshaking) &&
           (bound_ != patience::connect || at == phase::connecting);
}

void session::end_by_us(cause why)
{
    ending::proxy_ended(facts_, rules(), why, is_quiet(false));
}

/// One order for the whole life: an order, then whichever time came first.
void session::observe_ends()
{
    if (at_once_ && !facts_.overdue) {
        ending::given_up(facts_, pending_end_);
        return;
    }
    if (pending_end_ != cause::none)
        end_by_us(std::exchange(pending_end_, cause::none));
    switch (bounds_.passed(now())) {
    case bounds::end::cut:
        bounds_.cut = bounds_.ask = bounds::never;
        end_by_us(cause::drain);
        // What was read may still be delivered; the rest of a drain is not for more than that.
        bounds_.deadline = std::min(bounds_.deadline, now() + cut_grace);
        break;
    case bounds::end::lifetime:
        bounds_.lifetime = bounds::never;
        end_by_us(cause::lifetime);
        break;
    case bounds::end::patience:
        if (is_bound_in_force() && (!progress_ || is_absolute(bound_)))
            patience_is_over();
        break;
    case bounds::end::none: break;
    }
    if (now() >= bounds_.deadline && !facts_.overdue) {
        profile_->counters->timeouts[static_cast<std::size_t>(metrics::shutdown_timeout::deadline)]
            .add();
        note(record::happening::deadline_passed);
        ending::deadline_passed(facts_);
    }
}

void session::observe_questions()
{
    if (now() >= bounds_.ask) {
        // Only what is quiet ends before its time.
        if (rules().on_proxy_end != proxy_policy::reset && ending::may_ask(facts_) &&
            is_quiet(false)) {
            bounds_.ask = bounds::never;
            ending::proxy_ended(facts_, rules(), cause::drain, true);
        } else {
            bounds_.ask = now() + ask_interval;
        }
    }
    if (ending::is_closing(facts_))
        bounds_.ask = bounds::never;
    if (!ending::has_open_source(facts_))
        bounds_.lifetime = bounds::never; // there is nothing left to cut
    if (now() >= bounds_.watch) {
        // Most sessions are over by now, and have saved these system calls.
        bounds_.watch = bounds::never;
        backend_.socket().watch_for_silence(
            backend_keepalive(profile_->timeouts, profile_->shutdown));
    }
    if (now() >= bounds_.poll)
        look_for_acknowledgement();
}

void session::patience_is_over()
{
    note(record::happening::bound_passed, 0, static_cast<std::uint8_t>(bound_));
    using metrics::shutdown_timeout;
    const auto count = [&](shutdown_timeout which) {
        profile_->counters->timeouts[static_cast<std::size_t>(which)].add();
    };
    switch (bound_) {
    case patience::handshake:
        handshake_ = metrics::handshake_result::timeout;
        detail_once(no_tls_but(client_.first_bytes()));
        detail_once("timeout: the handshake took too long");
        break;
    case patience::connect: detail_once("timeout: no server took the connection in time"); break;
    case patience::close_notify:
        count(shutdown_timeout::close_notify);
        profile_->counters
            ->close_notify[static_cast<std::size_t>(metrics::close_notify_event::timeout)]
            .add();
        break;
    case patience::half_close:
    case patience::ask: count(shutdown_timeout::half_close); break;
    case patience::stall: count(shutdown_timeout::stall); break;
    case patience::idle: // `catch_up` has asked what is acknowledged
    case patience::linger: break;
    }
    const bool quiet = bound_ == patience::idle && is_quiet(true);
    ending::patience_ended(facts_, rules(), bound_, quiet);
    bounds_.patience = bounds::never; // the next wait sets its own
}

void session::give_up(cause why, std::string_view detail)
{
    detail_once(detail);
    ending::given_up(facts_, why);
}

// --- from outside --------------------------------------------------------------------------------

void session::end(cause why) noexcept
{
    if (pending_end_ == cause::none)
        pending_end_ = why;
    note(record::happening::end_ordered, 0, static_cast<std::uint8_t>(why));
    around_.ready.push(*this);
}

void session::drain(base::time_point ask_at, base::time_point cut_at) noexcept
{
    note(record::happening::drain_ordered,
         static_cast<std::uint64_t>(
             std::chrono::duration_cast<base::milliseconds>(cut_at - now()).count()));
    bounds_.ask = ask_at;
    bounds_.cut = cut_at;
    arm();
}

} // namespace ferrule::session
