#include "metrics/recent_endings.hpp"

#include <algorithm>

namespace ferrule::metrics {

void recent_endings::note(const record::ended_session& ended) noexcept
{
    const std::lock_guard lock(mutex_);
    ring_[noted_++ % capacity] = ended;
}

std::vector<record::ended_session> recent_endings::newest_first() const
{
    std::vector<record::ended_session> found;
    found.reserve(capacity); // before the lock, under which the log would wait
    const std::lock_guard lock(mutex_);
    for (std::uint64_t age = 1; age <= std::min<std::uint64_t>(noted_, capacity); ++age)
        found.push_back(ring_[(noted_ - age) % capacity]);
    return found;
}

} // namespace ferrule::metrics
