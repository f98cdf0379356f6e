// `limits.sessions`: the one number that all workers write.
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

private:
    alignas(64) std::atomic<std::uint64_t> open_{0};
    alignas(64) std::atomic<std::uint64_t> most_{0};
};

} // namespace ferrule::worker
