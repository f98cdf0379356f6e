// What stands in for the main thread's loop, the workers and the log's reader in tests of the parts
// of the process.
#pragma once

#include "process/main_loop.hpp"
#include "process/worker_pool.hpp"
#include "support/kept_log.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace ferrule::process {

/// A loop whose time passes when the test says so.
class manual_loop final : public main_loop {
public:
    base::time_point now() const override { return now_; }
    double unix_seconds() const override
    {
        return 1'800'000'000 + std::chrono::duration<double>(now_.time_since_epoch()).count();
    }

    void post(const char* /*trying*/, std::function<void()> act) override
    {
        const std::lock_guard lock{mutex_};
        posted_.push_back(std::move(act));
        changed_.notify_all();
    }

    std::unique_ptr<timer> make_timer() override { return std::make_unique<alarm>(*this); }

    /// Does one thing that is posted, or will be by another thread. Gives up after ten seconds.
    void run_posted()
    {
        std::unique_lock lock{mutex_};
        if (!changed_.wait_for(lock, base::seconds{10}, [this] { return !posted_.empty(); }))
            throw std::runtime_error("nobody has posted anything");
        const auto act = std::move(posted_.front());
        posted_.pop_front();
        lock.unlock();
        act();
    }

    std::size_t posted()
    {
        const std::lock_guard lock{mutex_};
        return posted_.size();
    }

    /// Lets time pass. What is due by then is done at its time, in its order.
    void pass(base::milliseconds how_long)
    {
        const base::time_point end = now_ + how_long;
        while (alarm* const next = first_due(end)) {
            now_ = std::max(now_, *next->due);
            next->due.reset();
            std::exchange(next->act, {})();
        }
        now_ = end;
    }

    bool is_anything_set() const { return first_due(base::time_point::max()) != nullptr; }

private:
    struct alarm final : public timer {
        explicit alarm(manual_loop& its) : loop{its} { loop.alarms_.push_back(this); }
        ~alarm() override { std::erase(loop.alarms_, this); }
        alarm(const alarm&) = delete;
        alarm& operator=(const alarm&) = delete;

        void set(base::milliseconds how_long, const char* /*trying*/,
                 std::function<void()> what) override
        {
            due = loop.now_ + how_long;
            act = std::move(what);
        }
        void cancel() override { due.reset(); }

        manual_loop& loop;
        std::optional<base::time_point> due;
        std::function<void()> act;
    };

    alarm* first_due(base::time_point end) const
    {
        alarm* first = nullptr;
        for (alarm* const each : alarms_) {
            if (each->due.has_value() && *each->due <= end &&
                (first == nullptr || *each->due < *first->due))
                first = each;
        }
        return first;
    }

    base::time_point now_{base::seconds{1000}};
    std::vector<alarm*> alarms_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> posted_;
};

/// Workers that keep what they are told; the test answers for them.
class told_workers final : public worker_pool {
public:
    explicit told_workers(std::size_t count) : count_{count} {}

    std::size_t size() const override { return count_; }
    void apply(std::vector<worker::worker_setup> fresh, std::uint64_t most) override
    {
        setups = std::move(fresh);
        max_sessions = most;
    }
    void set_servers(const std::string& backend, std::vector<servers> for_each) override
    {
        found.emplace_back(backend, std::move(for_each));
    }
    void renew(const std::string& listener, contexts for_each) override
    {
        renewed.emplace_back(listener, std::move(for_each));
    }
    void drain(base::milliseconds timeout, base::milliseconds spread, drained tell) override
    {
        drain_timeout = timeout;
        drain_spread = spread;
        tell_drained.push_back(std::move(tell));
    }
    void list(const worker::session_filter& which, std::size_t most, listed tell) override
    {
        filter = which;
        limit = most;
        tell_listed = std::move(tell);
    }
    void kill(const worker::session_filter& which, killed tell) override
    {
        filter = which;
        tell_killed = std::move(tell);
    }

    std::vector<worker::worker_setup> setups;
    std::uint64_t max_sessions = 0;
    std::vector<std::pair<std::string, std::vector<servers>>> found;
    std::vector<std::pair<std::string, contexts>> renewed;
    base::milliseconds drain_timeout{};
    base::milliseconds drain_spread{};
    std::vector<drained> tell_drained; ///< one for each time that they are told to drain
    worker::session_filter filter;
    std::size_t limit = 0;
    listed tell_listed;
    killed tell_killed;

private:
    std::size_t count_;
};

using test::kept_log;

} // namespace ferrule::process
