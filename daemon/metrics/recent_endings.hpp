// The sessions that ended last, for the status page.
#pragma once

#include "record/ended_session.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace ferrule::metrics {

/// The last `capacity` of them, in memory that never grows. Written by the log's thread and read by
/// the exporter's, under a mutex of their own: workers have no part in it.
class recent_endings {
public:
    static constexpr std::size_t capacity = 100;

    void note(const record::ended_session& ended) noexcept;

    /// The newest first.
    std::vector<record::ended_session> newest_first() const;

private:
    mutable std::mutex mutex_;
    std::array<record::ended_session, capacity> ring_;
    std::uint64_t noted_ = 0;
};

} // namespace ferrule::metrics
