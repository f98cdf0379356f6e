// The numbers a worker counts. One writer (the worker's thread), any number of readers (a scrape).
//
// Each number is a relaxed atomic that only its worker stores to: counting is a load, an add and a
// store of ordinary instructions, without a lock prefix and without a shared cache line. What must
// add up is added up at scrape time (metrics/families.cpp).
//
// More than 25 functions or 20 members because each is a series of docs/metrics.md.
#pragma once

#include "ending/vocabulary.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ferrule::metrics {

/// A counter or gauge with one writing thread. Readers see some recent value, never a torn one.
class number {
public:
    void add(std::uint64_t amount = 1) noexcept
    {
        value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }
    void subtract(std::uint64_t amount = 1) noexcept
    {
        value_.store(value_.load(std::memory_order_relaxed) - amount, std::memory_order_relaxed);
    }
    std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

/// Upper bounds in seconds of the buckets of every duration histogram; one more bucket is +Inf.
inline constexpr std::array<double, 14> duration_bounds{
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 30, 300};

/// A histogram of durations with one writing thread.
class durations {
public:
    void observe(double duration_seconds) noexcept
    {
        std::size_t bucket = 0;
        while (bucket < duration_bounds.size() && duration_seconds > duration_bounds[bucket])
            ++bucket;
        buckets_[bucket].add();
        sum_microseconds_.add(static_cast<std::uint64_t>(duration_seconds * 1e6));
    }
    /// Observations that fell into this bucket alone (not cumulated).
    std::uint64_t bucket(std::size_t index) const noexcept { return buckets_[index].get(); }
    double sum_seconds() const noexcept
    {
        return static_cast<double>(sum_microseconds_.get()) / 1e6;
    }
    static constexpr std::size_t bucket_count = duration_bounds.size() + 1;

private:
    std::array<number, bucket_count> buckets_;
    number sum_microseconds_;
};

/// How a handshake ended.
enum class handshake_result : std::uint8_t {
    ok,
    failed,  ///< TLS was not agreed on
    timeout, ///< `timeouts.handshake` has passed
    aborted, ///< the client left
    ended,   ///< Ferrule ended the session: drain, lifetime, an order, a want of its own
};
inline constexpr std::size_t handshake_results = 5;

/// Why accepting is paused.
enum class accept_pause : std::uint8_t { descriptors, memory, sessions, error };
inline constexpr std::size_t accept_pauses = 4;

/// What happened to a close_notify.
enum class close_notify_event : std::uint8_t { sent, received, missing, timeout };
inline constexpr std::size_t close_notify_events = 4;

/// The bounds of the closer that can pass.
enum class shutdown_timeout : std::uint8_t { close_notify, half_close, stall, deadline };
inline constexpr std::size_t shutdown_timeouts = 4;

/// What became of a file that has changed: taken, or the one before kept.
enum class load_result : std::uint8_t { ok, failed };
inline constexpr std::size_t load_results = 2;

inline constexpr std::size_t cause_count = static_cast<std::size_t>(ending::cause::internal) + 1;
inline constexpr std::size_t outcome_count = ending::all_outcomes.size();

/// All that one worker counts for one listener. Indexed by the enums' values.
struct listener_counters {
    number sessions_started; ///< connections accepted
    /// [cause][outcome]
    std::array<std::array<number, outcome_count>, cause_count> sessions_ended;
    number sessions_open;                    ///< gauge
    number sessions_half_closed;             ///< gauge
    number sessions_closing;                 ///< gauge: from the first end on
    std::array<durations, 3> close_seconds;  ///< [mode]: first end to both sockets released
    std::array<number, 2> lost_bytes;        ///< [direction]
    std::array<number, 2> unconfirmed_bytes; ///< [direction]
    number undecrypted_bytes;                ///< ciphertext of clients that never became plaintext
    std::array<number, 2> bytes;             ///< [direction]: plaintext read from the source
    std::array<number, close_notify_events> close_notify;
    std::array<std::array<number, 2>, 2> resets; ///< [side][0 in, 1 out]
    std::array<number, shutdown_timeouts> timeouts;
    std::array<number, handshake_results> handshakes;
    std::array<number, 2> handshakes_by_version; ///< successful: [0] TLS 1.2, [1] TLS 1.3
    number handshakes_resumed;
    durations handshake_seconds;
    number accept_errors;
    std::array<number, accept_pauses> accept_paused;

    // Counted by the server's main thread, which belongs to no worker, in the block of worker 0.
    std::array<number, load_results> certificate_loads;
    std::array<number, load_results> ticket_key_loads;
};

/// All that one worker counts for one server of a backend.
struct server_counters {
    number connects;           ///< tries that succeeded
    number connect_failures;   ///< tries that did not, a try that ran out of time included
    durations connect_seconds; ///< of the tries that succeeded
};

/// What one worker counts for itself.
struct worker_counters {
    number log_lines_dropped; ///< session lines that found the worker's ring full
    number traces_dropped;    ///< with them
};

} // namespace ferrule::metrics
