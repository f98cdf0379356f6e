// `limits.sessions` and the numbers of sessions: what all workers write.
#pragma once

#include <atomic>
#include <cstdint>

namespace ferrule::worker {

/// How many sessions there are, and may be, in the whole process. Any thread.
class session_limit {
public:
    /// Those that are open stay, even if there may be fewer now.
    void set(std::uint64_t most) noexcept { most_ = most; }

    /// Takes a place. False if there is none.
    bool take() noexcept
    {
        std::uint64_t open = open_.load();
        while (open < most_.load(std::memory_order_relaxed)) {
            if (open_.compare_exchange_weak(open, open + 1))
                return true;
        }
        return false;
    }

    /// Gives a place back.
    void give_back() noexcept { --open_; }

    std::uint64_t open() const noexcept { return open_; }

    /// 1, 2, 3, ...: unique in the process, and short enough to be typed (`ferrule ctl`).
    std::uint64_t next_id() noexcept { return 1 + given_.fetch_add(1, std::memory_order_relaxed); }

private:
    alignas(64) std::atomic<std::uint64_t> open_{0};
    std::atomic<std::uint64_t> given_{0}; ///< written with `open_`, for each session
    alignas(64) std::atomic<std::uint64_t> most_{0};
};

} // namespace ferrule::worker
