#include "server/watchdog.hpp"

#include "base/thread.hpp"

#include <utility>

namespace ferrule::server {

watchdog::watchdog(base::microseconds interval, std::vector<ask> workers,
                   std::function<void()> alive)
    : workers_{std::move(workers)}, alive_{std::move(alive)}
{
    thread_ = base::start_thread("watchdog", [this, interval] { run(interval); });
}

watchdog::~watchdog()
{
    {
        const std::lock_guard lock{mutex_};
        is_stopping_ = true;
    }
    stop_.notify_one();
    thread_.join();
}

void watchdog::run(base::microseconds interval)
{
    std::unique_lock lock{mutex_};
    while (!is_stopping_) {
        look();
        stop_.wait_for(lock, interval, [this] { return is_stopping_; });
    }
}

void watchdog::look()
{
    {
        const std::lock_guard lock{answers_->mutex};
        if (answers_->missing > 0)
            return;
        answers_->missing = workers_.size();
    }
    alive_();
    for (const ask& each : workers_) {
        each([answers = answers_] {
            const std::lock_guard lock{answers->mutex};
            --answers->missing;
        });
    }
}

} // namespace ferrule::server
