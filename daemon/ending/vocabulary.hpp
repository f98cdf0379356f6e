// The words of endings. The same word stands in code, YAML, log, metric, test and manual
// (docs/endings.md).
//
// Every enum here is a closed set. `to_text` gives the word as operators read it; the arrays
// `all_…` list the whole set, so that metrics can be created at 0 and tests can walk them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace ferrule::ending {

/// The two peers of a session.
enum class side : std::uint8_t { client, backend };

/// The two directions of a session.
enum class direction : std::uint8_t { to_backend, to_client };

/// How the sender of a flow ended.
enum class source : std::uint8_t {
    open,      ///< it may still send
    cut,       ///< we stopped listening to it; it did not end by itself
    clean,     ///< close_notify (TLS) or FIN (TCP)
    truncated, ///< FIN without close_notify
    reset,     ///< RST, or a peer that was found dead
    failed,    ///< fatal alert, bad record, protocol violation
    absent,    ///< there never was such a peer
};

/// What the receiver of a flow was told.
enum class sink : std::uint8_t {
    open,      ///< nothing yet
    finished,  ///< the honest goodbye: close_notify then FIN (TLS), FIN (TCP)
    truncated, ///< FIN without close_notify: an abort in the words of `on_backend_reset: truncate`
    aborted,   ///< the honest failure: RST, never a close_notify
    gone,      ///< it takes no bytes any more: it reset the connection
};

/// `shutdown.mode`: what happens to the client once the backend has ended clean.
enum class mode : std::uint8_t { wait, notify, abort };

/// `shutdown.half_close`.
enum class half_close : std::uint8_t { carry, close };

/// `shutdown.on_client_truncation` and `shutdown.on_client_reset`.
enum class client_policy : std::uint8_t { reset, fin };

/// `shutdown.on_backend_reset`.
enum class backend_policy : std::uint8_t { reset, truncate };

/// `shutdown.on_proxy_end`.
enum class proxy_policy : std::uint8_t { ask, notify, reset };

/// Whether the session has a backend.
enum class contact : std::uint8_t {
    awaited,   ///< not yet: the handshake or the connect is not over
    connected, ///< there has been a connection
    never,     ///< there was none, and there will be none
};

/// Where in its life a session is.
enum class phase : std::uint8_t { handshaking, connecting, relaying, closing };

/// What ended a session. The first one wins (E5).
enum class cause : std::uint8_t {
    none, ///< nothing has ended yet; never reported as a cause
    client_eof,
    backend_eof,
    client_truncated,
    backend_truncated,
    client_reset,
    backend_reset,
    tls_error,
    handshake_failed,
    probe,
    no_backend,
    idle_timeout,
    half_close_timeout,
    close_timeout,
    write_stalled,
    lifetime,
    limit,
    drain,
    killed,
    internal,
};

/// What the closer did on one side.
enum class act : std::uint8_t {
    exchanged, ///< our end and the peer's end were both seen
    sent,      ///< ours was sent and never answered
    reset,     ///< we sent RST
    gone,      ///< the peer was already gone
    none,      ///< there was no such connection
};

/// How good or bad it was, in one word: the worst that applies.
enum class outcome : std::uint8_t {
    clean,       ///< each side's own clean end was seen, and everything was acknowledged
    cut,         ///< it did not end clean; what was read was delivered and acknowledged
    unconfirmed, ///< bytes, or our own end, were not acknowledged when the socket was released
    lost,        ///< bytes that were read were not delivered
    none,        ///< there was no session: no connection to a backend came about
};

/// Who ended first.
enum class first_end : std::uint8_t { client, backend, proxy };

/// The bound that is in force while a session waits.
enum class patience : std::uint8_t {
    handshake,
    connect,
    idle,
    half_close,
    ask, ///< the backend was asked to end (E8); it is `shutdown.timeout`
    close_notify,
    stall,
    linger,
};

inline constexpr std::array all_modes{mode::wait, mode::notify, mode::abort};

inline constexpr std::array all_causes{
    cause::client_eof,    cause::backend_eof,   cause::client_truncated, cause::backend_truncated,
    cause::client_reset,  cause::backend_reset, cause::tls_error,        cause::handshake_failed,
    cause::probe,         cause::no_backend,    cause::idle_timeout,     cause::half_close_timeout,
    cause::close_timeout, cause::write_stalled, cause::lifetime,         cause::limit,
    cause::drain,         cause::killed,        cause::internal,
};

inline constexpr std::array all_outcomes{
    outcome::clean, outcome::cut, outcome::unconfirmed, outcome::lost, outcome::none,
};

std::string_view to_text(side value);
std::string_view to_text(direction value);
std::string_view to_text(source value);
std::string_view to_text(sink value);
std::string_view to_text(mode value);
std::string_view to_text(half_close value);
std::string_view to_text(client_policy value);
std::string_view to_text(backend_policy value);
std::string_view to_text(proxy_policy value);
std::string_view to_text(phase value);
std::string_view to_text(cause value); ///< none is "-"
std::string_view to_text(act value);
std::string_view to_text(outcome value);
std::string_view to_text(first_end value);
std::string_view to_text(patience value);

} // namespace ferrule::ending
