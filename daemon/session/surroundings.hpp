// What a session finds around it: its worker's services and its listener's configuration.
#pragma once

#include "backends/pool.hpp"
#include "base/time.hpp"
#include "config/settings.hpp"
#include "metrics/counters.hpp"
#include "net/deadline_wheel.hpp"
#include "net/event_set.hpp"
#include "net/keepalive.hpp"
#include "record/ended_session.hpp"
#include "tls/context.hpp"
#include "tls/wire.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ferrule::session {

class session;

/// The most that is received in one call. Sized by measurement (docs/life-of-a-connection.md).
inline constexpr std::size_t chunk_max = 256 * 1024;

/// What is received at once from a source that has not shown to be a bulk one.
inline constexpr std::size_t chunk_first = 32 * 1024;

/// What is received at least, however little room the sink has.
inline constexpr std::size_t chunk_min = 16 * 1024;

/// While this much ciphertext that answers a client waits for it (KeyUpdates, refused
/// renegotiations), nothing more is received from it. What was received is still taken, and can
/// make as much again at most (tls/control_budget.hpp); with a first chunk that is kept for the
/// client, that is less than 64 KiB.
inline constexpr std::size_t answers_max = 16 * 1024;

/// One worker's services. Everything here belongs to the worker's thread.
struct surroundings {
    net::event_set& events;
    net::ready_queue& ready;
    net::deadline_wheel& wheel;
    tls::wire wire{};
    std::vector<std::byte> ciphertext = std::vector<std::byte>(chunk_max);
    /// Decrypted bytes of one chunk, and of a record that began in the chunk before.
    std::vector<std::byte> plaintext = std::vector<std::byte>(chunk_max + 32 * 1024);
    base::time_point now{}; ///< the present, read once for each batch of events
    /// Since when this worker has served without a gap of more than 250 ms: what a peer did not do
    /// before then it may not have been able to do.
    base::time_point served_since{};
};

/// Where a session goes, and how its endings are told. Chosen once the client has said what it
/// wants.
struct route {
    std::shared_ptr<backends::backend_pool> backend;
    config::shutdown_settings shutdown;
};

/// What is known of a session when it is accepted: all sessions of one listener share it in one
/// worker. Immutable; replaced by a reload, while sessions that began before keep theirs.
struct profile {
    std::string listener;
    config::timeout_settings timeouts;
    std::shared_ptr<tls::context> tls;
    route default_route; ///< of clients that no other route takes, and until one is chosen
    metrics::listener_counters* counters = nullptr;
    std::uint32_t recorder = 0; ///< events that each session remembers; 0: none
};

/// Keepalive towards the clients of a listener. It follows the shortest of our own bounds on a
/// silence that could be taken for a polite one, so that a peer that vanished is found before a
/// clean end is told in its name (E1).
net::keepalive client_keepalive(const config::timeout_settings& timeouts) noexcept;

/// The same towards its backends, whose silence `half_close_timeout` bounds, too.
net::keepalive backend_keepalive(const config::timeout_settings& timeouts,
                                 const config::shutdown_settings& shutdown) noexcept;

/// Who owns the sessions.
class host {
public:
    /// The session has ended and released everything; the host destroys it after this turn.
    virtual void ended(session& which, const record::ended_session& told) = 0;

    /// A number that no other session of this process has.
    virtual std::uint64_t next_session_id() noexcept = 0;

protected:
    ~host() = default;
};

} // namespace ferrule::session
