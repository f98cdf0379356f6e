#include "session/bounds.hpp"

namespace ferrule::session {

using ending::decision;
using ending::patience;
using ending::phase;

namespace {

/// What a session that the drain has cut still gets to deliver what it had read, and to say so.
constexpr base::milliseconds cut_grace{2000};

/// How often the kernel is asked what has been acknowledged: a quarter of the bound within these. A
/// session whose last bytes the kernel has is nearly always acknowledged at once; asking it rarely
/// costs nothing, and moves `timeouts.idle` by no more.
constexpr base::milliseconds shortest_poll{20};
constexpr base::milliseconds longest_poll{1000};
constexpr base::milliseconds longest_idle_poll{30'000};

/// R68, R82: a client that sends a byte now and then puts neither its handshake off nor the linger.
/// The others begin anew whenever something moves.
bool is_absolute(patience bound)
{
    return bound == patience::handshake || bound == patience::connect || bound == patience::linger;
}

base::milliseconds length_of(patience bound, const config::timeout_settings& timeouts,
                             const config::shutdown_settings& shutdown,
                             base::time_point::duration left_of_drain)
{
    switch (bound) {
    case patience::handshake: return timeouts.handshake;
    case patience::connect: return timeouts.connect;
    case patience::idle: return timeouts.idle;
    case patience::half_close: return shutdown.half_close_timeout;
    case patience::ask:
        // R111: as long as a client has to answer our end. But a drain has time until its cut, and
        // an answer that pauses may need it.
        return std::max(shutdown.timeout, std::chrono::ceil<base::milliseconds>(left_of_drain));
    case patience::close_notify: return shutdown.timeout;
    case patience::stall: return shutdown.stall_timeout;
    case patience::linger: return shutdown.linger;
    }
    return shutdown.stall_timeout;
}

/// Nothing announces an acknowledgement, nor that a slow peer takes a few bytes of a full queue:
/// both are asked for. `off` is not at all.
base::milliseconds interval_for(const decision& decided, const ending::facts& known,
                                base::milliseconds length)
{
    const bool waits_for_sink = known.to_client.buffered || known.to_backend.buffered;
    // R93, R115, F2, F8, F31, F36: asked only when the bound has passed, an acknowledgement of long
    // ago would count as progress of that moment, and the bound would run twice.
    if (!waits_for_sink && !ending::has_waiting_bytes(known) && decided.bound != patience::stall)
        return base::off;
    if (decided.bound == patience::idle && !waits_for_sink)
        return length == base::off ? length
                                   : std::clamp(length / 4, shortest_poll, longest_idle_poll);
    return std::clamp(length / 4, shortest_poll, longest_poll);
}

} // namespace

bool bounds::has_run_out(phase at) const noexcept
{
    const bool is_of_past_phase = (in_force == patience::handshake && at != phase::handshaking) ||
                                  (in_force == patience::connect && at != phase::connecting);
    return !is_of_past_phase && (!progress || is_absolute(in_force));
}

std::optional<base::milliseconds> bounds::wait_for(const decision& decided,
                                                   const ending::facts& known,
                                                   const config::timeout_settings& timeouts,
                                                   const config::shutdown_settings& shutdown,
                                                   base::time_point now) noexcept
{
    const base::milliseconds length = length_of(
        decided.bound, timeouts, shutdown, cut == never ? base::time_point::duration{} : cut - now);
    const bool is_set = patience != never;
    const bool is_other = decided.bound != in_force;
    // R81, R92, R114: who sends a byte now and then is not silent (E4).
    if (is_other || !is_set || (progress && !is_absolute(decided.bound))) {
        const bool is_off = decided.bound == patience::idle && length == base::off;
        begin(decided.bound, is_off ? never : now + length);
    }
    progress = false;

    // An end is asked for sooner at first.
    poll_interval =
        decided.for_acknowledgement
            ? std::clamp(poll_interval * 2, base::milliseconds{10}, base::milliseconds{100})
            : base::milliseconds{0};
    const base::milliseconds interval =
        decided.for_acknowledgement ? poll_interval : interval_for(decided, known, length);
    // A turn for another reason does not put the question off: what comes often would starve it.
    if (interval == base::off)
        poll = never;
    else if (poll <= now || poll > now + interval)
        poll = now + interval;
    const bool is_news = is_other || (!is_set && length != base::off);
    return is_news ? std::optional{length} : std::nullopt;
}

void bounds::grant_grace(base::time_point now) noexcept
{
    // F63, F64: one that is closing has no more, either.
    deadline = std::min(deadline, now + cut_grace);
}

} // namespace ferrule::session
