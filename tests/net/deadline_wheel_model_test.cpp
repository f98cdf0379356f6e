// The wheel against a model that cannot be wrong: a list that is looked through. 100 000 random
// operations on a clock that jumps by nanoseconds or by minutes.

#include "net/deadline_wheel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <utility>
#include <vector>

namespace ferrule::net {
namespace {

using namespace std::chrono_literals;
using base::time_point;
using duration = base::clock::duration;

constexpr auto never = time_point::max();

class sleeper final : public wakeable {
public:
    void run() override { woken = true; }
    bool woken = false;
    deadline alarm{*this};
};

/// What is known of one deadline without a wheel.
struct known {
    std::unique_ptr<sleeper> who = std::make_unique<sleeper>();
    time_point when = never; ///< it may not be woken before
    time_point set_at{};     ///< and if it had passed by then, this is what counts
};

class model {
public:
    explicit model(std::uint32_t seed) : random_{seed}, all_(40) {}

    void step()
    {
        switch (below(10)) {
        case 0: replace(any()); break;
        case 1: set(any(), never); break;
        case 2: set(any(), now_ - below(1'000'000) * 1ns); break;
        case 3:
        case 4: set(any(), now_ + some_time()); break;
        case 5: set(any(), near_a_tick()); break;
        case 6: advance(some_time()); break;
        case 7: advance_to_next(); break;
        case 8: advance(std::max(near_a_tick() - now_, duration{0})); break;
        default: advance(below(30'000'000) * 1ns); break;
        }
        check_next();
    }

    int woken() const { return woken_; }

private:
    int below(int end) { return std::uniform_int_distribution<int>{0, end - 1}(random_); }
    known& any() { return all_[static_cast<std::size_t>(below(static_cast<int>(all_.size())))]; }

    duration some_time()
    {
        switch (below(4)) {
        case 0: return below(2'000'000'000) * 1ns;
        case 1: return below(50'000) * 1ms;
        case 2: return 40'960ms + (below(41) - 20) * 1ms;
        default: return below(100) * 1s;
        }
    }

    /// The edges are where mistakes are: some nanoseconds around one of the next ticks.
    time_point near_a_tick()
    {
        const auto passed = (now_ - start_) / deadline_wheel::tick;
        return start_ + (passed + below(5)) * deadline_wheel::tick + (below(7) - 3) * 1ns;
    }

    void set(known& which, time_point when)
    {
        wheel_.set(which.who->alarm, when);
        which.when = when;
        which.set_at = now_;
    }

    void replace(known& which) { which = known{}; }

    void advance_to_next()
    {
        if (const auto next = wheel_.next(); next.has_value())
            advance(*next - now_);
    }

    void advance(duration step)
    {
        now_ += step;
        wheel_.advance(now_);
        queue_.run_once();
        for (known& each : all_)
            check_wake(each);
    }

    void check_wake(known& each)
    {
        const bool woken = std::exchange(each.who->woken, false);
        woken_ += woken ? 1 : 0;
        if (woken) {
            if (each.when > now_)
                FAIL() << "too early, or never set";
            each.when = never;
        } else if (each.when != never &&
                   std::max(each.when, each.set_at) + deadline_wheel::tick <= now_) {
            FAIL() << "more than a tick late";
        }
        if (each.who->alarm.when() != each.when)
            FAIL() << "the deadline says another time than it was set to";
    }

    void check_next() const
    {
        time_point earliest = never;
        for (const known& each : all_)
            earliest = std::min(earliest, std::max(each.when, now_));
        const auto next = wheel_.next();
        if (earliest == never)
            return;
        ASSERT_TRUE(next.has_value());
        if (*next > earliest + deadline_wheel::tick)
            FAIL() << "the worker would oversleep";
        if (*next <= now_ - deadline_wheel::tick)
            FAIL() << "the worker would not sleep at all";
    }

    std::mt19937 random_;
    const time_point start_{1000h};
    time_point now_ = start_;
    ready_queue queue_;
    deadline_wheel wheel_{now_, queue_};
    std::vector<known> all_;
    int woken_ = 0;
};

TEST(deadline_wheel_model, is_what_the_wheel_does_in_a_hundred_thousand_random_steps)
{
    for (const std::uint32_t seed : {1U, 2U, 3U, 4U}) {
        model random{seed};
        for (int step = 0; step < 25'000; ++step) {
            random.step();
            if (::testing::Test::HasFatalFailure())
                FAIL() << "seed " << seed << ", step " << step;
        }
        EXPECT_GT(random.woken(), 1000) << "this did not try much";
    }
}

} // namespace
} // namespace ferrule::net
