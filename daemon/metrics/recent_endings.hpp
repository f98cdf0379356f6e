// The sessions that ended last, for the status page.
#pragma once

#include "base/short_text.hpp"
#include "ending/vocabulary.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace ferrule::metrics {

/// What the status page shows of an ended session: the part of the log's line that fits a table.
struct ended_session {
    std::int64_t ended_at_microseconds = 0; ///< Unix time
    std::uint64_t session_id = 0;           ///< unique in this process
    base::short_text<32> listener;
    base::short_text<64> client;
    base::short_text<128> sni; ///< as the client sent it: any bytes
    base::short_text<32> backend;
    base::short_text<64> server;                ///< empty: no connection to a backend
    std::array<std::uint64_t, 2> bytes{};       ///< [direction]
    std::array<std::uint64_t, 2> lost{};        ///< [direction]
    std::array<std::uint64_t, 2> unconfirmed{}; ///< [direction]
    ending::cause cause = ending::cause::none;
    ending::cause second = ending::cause::none;
    base::short_text<96> detail; ///< partly said by peers: any bytes
    ending::act client_act = ending::act::none;
    ending::act backend_act = ending::act::none;
    ending::outcome outcome = ending::outcome::none;
    bool is_abnormal = false; ///< as `log.sessions: abnormal` means it
    std::int64_t close_microseconds = 0;
};

/// The last `capacity` of them, in memory that never grows. Written by the log's thread and read by
/// the exporter's, under a mutex of their own: workers have no part in it.
class recent_endings {
public:
    static constexpr std::size_t capacity = 100;

    void note(const ended_session& ended) noexcept;

    /// The newest first.
    std::vector<ended_session> newest_first() const;

private:
    mutable std::mutex mutex_;
    std::array<ended_session, capacity> ring_;
    std::uint64_t noted_ = 0;
};

} // namespace ferrule::metrics
