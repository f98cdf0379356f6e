#include "process/watchdog.hpp"

#include "base/thread.hpp"

#include <exception>
#include <utility>

namespace ferrule::process {

watchdog::watchdog(base::microseconds interval, std::vector<ask> workers, notices tell)
    : interval_{interval}, workers_{std::move(workers)}, tell_{std::move(tell)}
{
    thread_ = base::start_thread("watchdog", [this] { run(); });
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

void watchdog::run()
{
    std::unique_lock lock{mutex_};
    while (!is_stopping_) {
        look();
        stop_.wait_for(lock, interval_, [this] { return is_stopping_; });
    }
}

bool watchdog::begin_question()
{
    const std::lock_guard lock{answers_->mutex};
    if (answers_->missing > 0)
        return false;
    answers_->missing = workers_.size();
    return true;
}

void watchdog::look()
{
    if (!begin_question()) {
        silence_ += interval_;
        tell_.silent(silence_);
        return;
    }
    silence_ = base::microseconds{0};
    tell_.alive();
    for (const ask& each : workers_) {
        const auto answer = [answers = answers_] {
            const std::lock_guard lock{answers->mutex};
            --answers->missing;
        };
        try {
            each(answer);
        } catch (const std::exception&) {
            answer(); // there is no memory to ask it: that says nothing of the worker
        }
    }
}

} // namespace ferrule::process
