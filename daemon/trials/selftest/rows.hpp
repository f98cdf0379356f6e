// The matrix of `ferrule selftest endings`: what is done to a session, and for how long it waits.
#pragma once

#include "config/settings.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace ferrule::selftest {

enum class trial : std::uint8_t {
    client_first,
    client_says_canceled,
    backend_first,
    upload_after_backend_end,
    both_at_once,
    client_truncated,
    client_reset,
    backend_reset,
    backend_refuses,
    client_breaks_tls,
    client_breaks_off,
    client_only_connects,
    client_silent,
    client_stalls,
    backend_silent,
    idle,
    lifetime,
    drain_idle,
    drain_busy,
    drain_thinking,
};

inline constexpr std::array all_trials{
    trial::client_first,      trial::client_says_canceled,
    trial::backend_first,     trial::upload_after_backend_end,
    trial::both_at_once,      trial::client_truncated,
    trial::client_reset,      trial::backend_reset,
    trial::backend_refuses,   trial::client_breaks_tls,
    trial::client_breaks_off, trial::client_only_connects,
    trial::client_silent,     trial::client_stalls,
    trial::backend_silent,    trial::idle,
    trial::lifetime,          trial::drain_idle,
    trial::drain_busy,        trial::drain_thinking,
};

/// How much the peers send, in bytes.
inline constexpr std::uint64_t request_bytes = 1000;
inline constexpr std::uint64_t answer_bytes = 20'000;
inline constexpr std::uint64_t late_upload_bytes = 3000;
inline constexpr std::uint64_t stalling_answer_bytes = 200'000;

/// The longest bound that a row waits out; a longer one is shortened to this.
inline constexpr base::milliseconds longest_wait{2000};

/// A shorter bound is lengthened to this: a peer's kernel may take 40 ms to acknowledge what it has
/// (tcp(7), TCP_QUICKACK), and a thread may wait for its turn.
inline constexpr base::milliseconds shortest_wait{500};

std::string_view to_text(trial value); ///< "client_first"
std::string_view given(trial value);   ///< a sentence

/// Which key a row waits for: "shutdown.timeout"; empty if it waits for none.
std::string_view bound_of(trial row, const config::listener_settings& listener);

/// How long that bound is configured; `off` if there is none, or it is switched off.
base::milliseconds length_of_bound(trial row, const config::settings& settings,
                                   const config::listener_settings& listener);

/// A row of a bound that is switched off cannot be played, nor a record that only TLS 1.3 has with
/// another version (as on the wire).
bool is_played(trial row, const config::listener_settings& listener, int tls_version);

/// The configuration for one row of one listener: its listener alone, on a port of its own, in
/// front of a scripted server on `backend_port`; no metrics, no control socket, one worker, a quiet
/// log. If the row's bound is above `longest_wait`, all durations but the deadline are divided
/// alike, none below `longest_wait`; bounds of sessions are at least `shortest_wait`. `idle` and
/// `lifetime` are off except in their own rows.
config::settings settings_for(trial row, const config::settings& settings,
                              const config::listener_settings& listener,
                              std::uint16_t backend_port);

} // namespace ferrule::selftest
