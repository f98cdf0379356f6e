// How a thread sleeps until there is work, and how others wake it for almost nothing.
#pragma once

#include <atomic>
#include <cstdint>

namespace ferrule::log {

/// One thread sleeps, any number ring. While it is awake, ringing costs a load: no system call.
///
/// No work is missed: who brings work first hands it over, then looks for a sleeper; the sleeper
/// first says that it sleeps, then looks for work. With these four in one order (all of them
/// sequentially consistent, or the handing over under a mutex), one of the two sees the other.
class doorbell {
public:
    /// After handing over.
    void ring() noexcept
    {
        if (is_asleep_.load() != 0 && is_asleep_.exchange(0) != 0)
            is_asleep_.notify_one();
    }

    /// Sleeps until somebody rings, or not at all if `has_work()` by then.
    template <typename HasWork>
    void sleep_unless(HasWork has_work)
    {
        is_asleep_ = 1;
        if (!has_work())
            is_asleep_.wait(1);
        is_asleep_ = 0;
    }

private:
    std::atomic<std::uint32_t> is_asleep_{0};
};

} // namespace ferrule::log
