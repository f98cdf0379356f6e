#include "trials/selftest/rows.hpp"

#include <algorithm>

namespace ferrule::selftest {

using base::milliseconds;
using config::endpoint;

namespace {

/// `deadline` bounds what no row waits out.
constexpr base::seconds least_deadline{10};

/// `length` divided as the row's bound is. Nothing becomes shorter than `longest_wait` by it, so
/// that a machine under load keeps its time for what the row does not wait for.
milliseconds scaled(milliseconds length, milliseconds bound)
{
    if (bound <= longest_wait || length <= longest_wait)
        return length;
    const double factor =
        static_cast<double>(longest_wait.count()) / static_cast<double>(bound.count());
    const auto shorter = static_cast<std::int64_t>(static_cast<double>(length.count()) * factor);
    return std::max(milliseconds{shorter}, longest_wait);
}

bool is_of_drain(trial row)
{
    return row == trial::drain_idle || row == trial::drain_busy || row == trial::drain_thinking;
}

} // namespace

std::string_view to_text(trial value)
{
    switch (value) {
    case trial::client_first: return "client_first";
    case trial::client_says_canceled: return "client_says_canceled";
    case trial::backend_first: return "backend_first";
    case trial::upload_after_backend_end: return "upload_after_backend_end";
    case trial::both_at_once: return "both_at_once";
    case trial::client_truncated: return "client_truncated";
    case trial::client_reset: return "client_reset";
    case trial::backend_reset: return "backend_reset";
    case trial::backend_refuses: return "backend_refuses";
    case trial::client_breaks_tls: return "client_breaks_tls";
    case trial::client_breaks_off: return "client_breaks_off";
    case trial::client_only_connects: return "client_only_connects";
    case trial::client_silent: return "client_silent";
    case trial::client_stalls: return "client_stalls";
    case trial::backend_silent: return "backend_silent";
    case trial::idle: return "idle";
    case trial::lifetime: return "lifetime";
    case trial::drain_idle: return "drain_idle";
    case trial::drain_busy: return "drain_busy";
    case trial::drain_thinking: return "drain_thinking";
    }
    return "?";
}

std::string_view given(trial value)
{
    switch (value) {
    case trial::client_first:
        return "the client sends a request and close_notify; the backend then answers and ends";
    case trial::client_says_canceled:
        return "the same, and the client says user_canceled before its close_notify, as Java does";
    case trial::backend_first: return "the backend answers and sends FIN; then the client ends";
    case trial::upload_after_backend_end:
        return "the backend sends FIN; the client then uploads, and ends";
    case trial::both_at_once: return "close_notify and FIN cross each other";
    case trial::client_truncated: return "the client sends a request, and FIN without close_notify";
    case trial::client_reset: return "the client resets behind its request";
    case trial::backend_reset: return "the backend resets in the middle of its answer";
    case trial::backend_refuses: return "no server takes the connection";
    case trial::client_breaks_tls: return "the client sends a request, then what is no record";
    case trial::client_breaks_off:
        return "the client sends a request, half a handshake message and close_notify";
    case trial::client_only_connects: return "the client connects and leaves: no handshake";
    case trial::client_silent: return "the backend answers and ends; the client says nothing";
    case trial::client_stalls: return "the backend answers and ends; the client takes nothing";
    case trial::backend_silent:
        return "the client sends a request and close_notify; the backend says nothing";
    case trial::idle: return "request and answer, then silence of both";
    case trial::lifetime: return "request and answer, then the session is too old";
    case trial::drain_idle: return "the process is stopped while the session is idle";
    case trial::drain_busy: return "the process is stopped while the backend sends";
    case trial::drain_thinking: return "the process is stopped while the backend thinks";
    }
    return "?";
}

std::string_view bound_of(trial row, const config::listener_settings& listener)
{
    const ending::rules& rules = listener.route.shutdown.rules;
    switch (row) {
    case trial::client_silent:
        if (rules.mode == ending::mode::abort)
            return "";
        return rules.mode == ending::mode::wait ? "shutdown.timeout" : "shutdown.linger";
    case trial::backend_silent:
        return rules.half_close == ending::half_close::carry ? "shutdown.half_close_timeout" : "";
    case trial::client_stalls: return "shutdown.stall_timeout";
    case trial::backend_refuses: return "timeouts.connect";
    case trial::idle: return "timeouts.idle";
    case trial::lifetime: return "timeouts.lifetime";
    case trial::drain_idle:
    case trial::drain_busy:
    case trial::drain_thinking: return "drain.timeout";
    default: return "";
    }
}

base::milliseconds length_of_bound(trial row, const config::settings& settings,
                                   const config::listener_settings& listener)
{
    const std::string_view key = bound_of(row, listener);
    if (key == "shutdown.timeout")
        return listener.route.shutdown.timeout;
    if (key == "shutdown.linger")
        return listener.route.shutdown.linger;
    if (key == "shutdown.half_close_timeout")
        return listener.route.shutdown.half_close_timeout;
    if (key == "shutdown.stall_timeout")
        return listener.route.shutdown.stall_timeout;
    if (key == "timeouts.connect")
        return listener.timeouts.connect;
    if (key == "timeouts.idle")
        return listener.timeouts.idle;
    if (key == "timeouts.lifetime")
        return listener.timeouts.lifetime;
    return key == "drain.timeout" ? settings.drain.timeout : base::off;
}

bool is_played(trial row, const config::listener_settings& listener, int tls_version)
{
    const bool needs_tls13 = row == trial::client_says_canceled || row == trial::client_breaks_off;
    return (!needs_tls13 || tls_version == 0x0304) &&
           (row != trial::idle || listener.timeouts.idle != base::off) &&
           (row != trial::lifetime || listener.timeouts.lifetime != base::off);
}

config::settings settings_for(trial row, const config::settings& settings,
                              const config::listener_settings& listener, std::uint16_t backend_port)
{
    const milliseconds bound = length_of_bound(row, settings, listener);
    const auto shorten = [&](milliseconds& length) { length = scaled(length, bound); };

    config::settings result;
    result.file = settings.file;
    result.workers = 1;
    result.drain = settings.drain;
    result.drain.delay = base::off; // nobody asks whether it is ready
    result.log.level = config::log_level::error;
    result.log.sessions = config::logged_sessions::none;
    for (milliseconds* const each : {&result.drain.timeout, &result.drain.spread})
        shorten(*each);
    // An idle session is asked in the first half, and has the other to end.
    if (is_of_drain(row))
        result.drain.spread = std::min(result.drain.spread, result.drain.timeout / 2);

    config::listener_settings copy = listener;
    copy.addresses = {{endpoint::kind::ip4, "127.0.0.1", 0}};
    if (row != trial::idle)
        copy.timeouts.idle = base::off;
    if (row != trial::lifetime)
        copy.timeouts.lifetime = base::off;
    config::shutdown_settings& shutdown = copy.route.shutdown;
    shorten(shutdown.linger);
    shorten(shutdown.quiet);
    if (is_of_drain(row)) // it is waited out before the drain
        shutdown.quiet = std::min<milliseconds>(shutdown.quiet, longest_wait);
    for (milliseconds* const each :
         {&copy.timeouts.handshake, &copy.timeouts.connect, &copy.timeouts.idle,
          &copy.timeouts.lifetime, &shutdown.timeout, &shutdown.half_close_timeout,
          &shutdown.stall_timeout}) {
        shorten(*each);
        if (*each != base::off)
            *each = std::max(*each, shortest_wait);
    }
    shutdown.deadline = std::max<milliseconds>(shutdown.deadline, least_deadline);

    result.backends.push_back(
        {copy.route.backend, {{endpoint::kind::ip4, "127.0.0.1", backend_port}}});
    result.listeners.push_back(std::move(copy));
    return result;
}

} // namespace ferrule::selftest
