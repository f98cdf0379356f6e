// Where every number of the process can be found: who writes, who reads.
//
// Workers ask once for the blocks that they count in (at start and at reload) and then count
// without a lock. A scrape walks all blocks; the registry's mutex guards only the lists of blocks,
// and no worker takes it while it serves sessions. Blocks are never freed, since sessions may still
// count in them; but those of listeners and servers that a reload removed are not read any more.
#pragma once

#include "metrics/counters.hpp"
#include "metrics/recent_endings.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace ferrule::metrics {

/// A certificate in use.
struct certificate_info {
    std::string subject;
    std::string serial;
    double not_after_seconds = 0; ///< Unix time
};

/// A backend's name, and the server's text.
using server_name = std::pair<std::string, std::string>;

/// The sessions of one listener, summed over the workers.
struct session_totals {
    std::string listener; ///< empty: of all listeners
    std::uint64_t started = 0;
    std::uint64_t open = 0;
    std::uint64_t half_closed = 0;
    std::uint64_t closing = 0;

    session_totals& operator+=(const session_totals& more) noexcept;
};

/// Numbers that belong to the process, not to one worker. Any thread may write them.
struct process_state {
    std::atomic<bool> ready{false}; ///< /readyz: listening and not draining
    std::atomic<bool> draining{false};
    std::atomic<bool> stuck{false}; ///< /healthz: a worker has not answered for half a minute
    /// Listening sockets, of all workers, that cannot accept for a reason of their own.
    std::atomic<std::uint64_t> failing_listeners{0};
    std::atomic<std::uint64_t> reloads_ok{0};
    std::atomic<std::uint64_t> reloads_failed{0};
    std::atomic<double> last_reload_seconds{0}; ///< Unix time of the last good (re)load
    std::atomic<bool> last_reload_ok{true};
    std::atomic<std::uint64_t> log_lines_dropped{0};     ///< messages, for whatever reason
    std::atomic<std::uint64_t> passwords_refused{0};     ///< by the exporter
    std::atomic<std::uint64_t> session_lines_dropped{0}; ///< by the log's writer: the target failed
    std::atomic<std::uint64_t> traces_dropped{0};        ///< the same
};

/// What /readyz answers: whoever asks is to send clients here.
inline bool is_ready(const process_state& state) noexcept
{
    return state.ready && !state.draining && state.failing_listeners == 0;
}

struct readings;

class registry {
public:
    /// `workers` is fixed for the life of the process.
    explicit registry(int workers);
    ~registry();
    registry(const registry&) = delete;
    registry& operator=(const registry&) = delete;

    /// The block in which `worker` (0-based) counts for `listener`. Made at the first call, then
    /// always the same; valid as long as the registry. Any thread; takes the mutex. The first call
    /// for a listener, by whichever worker, makes all of its series appear at 0.
    listener_counters& of_listener(int worker, const std::string& listener);

    /// The same for one server of a backend; `server` is its text ("127.0.0.1:80").
    server_counters& of_server(int worker, const std::string& backend, const std::string& server);

    worker_counters& of_worker(int worker);

    /// What is configured from now on. The series of all else vanish, but for a listener with open
    /// sessions: its series stay until the next call after they have ended, so that what they count
    /// at their end is read. What comes back goes on counting where it was. Any thread.
    void keep_only(const std::set<std::string>& listeners, const std::set<server_name>& servers);

    /// Replaces what is known of a listener's certificate. Any thread.
    void set_certificate(const std::string& listener, certificate_info info);

    /// When the listener's certificate was loaded (Unix time). Any thread.
    void set_certificate_loaded(const std::string& listener, double seconds);

    /// Forgets both.
    void forget_certificate(const std::string& listener);

    process_state& process() noexcept { return process_; }
    const process_state& process() const noexcept { return process_; }

    /// One for each listener that ever counted, whether it is configured or not. Any thread; takes
    /// the mutex.
    std::vector<session_totals> totals() const;

    /// The sessions that ended last. Any thread, but not a worker's: it has a lock.
    recent_endings& endings() noexcept { return endings_; }

    /// The whole exposition in the Prometheus text format (version 0.0.4). Any thread.
    std::string text() const;

    /// The same for people and programs: /status.json (docs/metrics.md has its fields). Any thread.
    std::string status() const;

private:
    struct blocks;

    readings read() const;

    const std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
    std::unique_ptr<blocks> blocks_;
    process_state process_;
    recent_endings endings_;
};

} // namespace ferrule::metrics
