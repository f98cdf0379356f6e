// The clock of these tests is a number: a time_point that the test moves on.

#include "net/deadline_wheel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <vector>

namespace ferrule::net {
namespace {

using namespace std::chrono_literals;
using base::time_point;

constexpr time_point start{1000h};
constexpr auto never = time_point::max();
constexpr auto tick = deadline_wheel::tick;

class sleeper final : public wakeable {
public:
    using wakeable::retire;
    void run() override { ++wakes; }
    int wakes = 0;
    deadline alarm{*this};
};

class deadline_wheels : public ::testing::Test {
protected:
    /// Moves the clock; how many were woken by that.
    int advance_to(time_point now)
    {
        now_ = now;
        const int before = sleeper_.wakes;
        wheel_.advance(now);
        queue_.run_once();
        return sleeper_.wakes - before;
    }
    int advance_by(base::clock::duration step) { return advance_to(now_ + step); }

    void set_in(base::clock::duration ahead) { wheel_.set(sleeper_.alarm, now_ + ahead); }

    time_point now_ = start;
    ready_queue queue_;
    deadline_wheel wheel_{start, queue_};
    sleeper sleeper_;
};

TEST_F(deadline_wheels, wake_nobody_at_first)
{
    EXPECT_FALSE(wheel_.next().has_value());
    EXPECT_EQ(0, advance_by(1h));
    EXPECT_EQ(never, sleeper_.alarm.when());
}

TEST_F(deadline_wheels, wake_nobody_who_is_over)
{
    set_in(1s);
    sleeper_.retire();
    EXPECT_EQ(0, advance_by(2s));
    set_in(1s);
    EXPECT_EQ(0, advance_by(2s));
}

TEST_F(deadline_wheels, wake_at_the_deadline_and_once)
{
    set_in(50ms);
    EXPECT_EQ(start + 50ms, sleeper_.alarm.when());
    EXPECT_EQ(0, advance_by(50ms - 1ns));
    EXPECT_EQ(1, advance_by(1ns));
    EXPECT_EQ(never, sleeper_.alarm.when());
    EXPECT_EQ(0, advance_by(1h));
}

TEST_F(deadline_wheels, are_never_early_and_at_most_one_tick_late)
{
    for (const auto ahead :
         {1ns, 999ns, 1000ns, 1001ns, 9'999'999ns, 10'000'000ns, 10'000'001ns, 10'000'999ns,
          10'001'000ns, 25'000'000ns, 40'959'999'999ns, 40'960'000'000ns, 40'960'000'001ns}) {
        deadline_wheel wheel{start, queue_};
        wheel.set(sleeper_.alarm, start + ahead);
        wheel.advance(start + ahead - 1ns);
        EXPECT_TRUE(queue_.empty()) << ahead.count() << " ns: too early";
        wheel.advance(start + ahead + tick - 1ns);
        EXPECT_FALSE(queue_.empty()) << ahead.count() << " ns: too late";
        queue_.run_once();
    }
}

TEST_F(deadline_wheels, keep_the_distance_from_the_point_where_they_began)
{
    // Nothing says that the wheel was made at the beginning of a tick of anybody's clock.
    const time_point odd = start + 3'333'333ns;
    deadline_wheel wheel{odd, queue_};
    wheel.set(sleeper_.alarm, odd + 20ms);
    wheel.advance(odd + 20ms - 1ns);
    EXPECT_TRUE(queue_.empty());
    wheel.advance(odd + 20ms);
    EXPECT_FALSE(queue_.empty());
}

TEST_F(deadline_wheels, wake_within_a_tick_for_what_has_passed_already)
{
    advance_by(500ms);
    wheel_.set(sleeper_.alarm, now_ - 400ms);
    EXPECT_EQ(1, advance_by(tick));
    wheel_.set(sleeper_.alarm, now_);
    EXPECT_EQ(1, advance_by(tick));
    wheel_.set(sleeper_.alarm, start - 1h);
    EXPECT_EQ(1, advance_by(tick));
}

TEST_F(deadline_wheels, wake_once_at_the_new_time_if_it_was_moved_later)
{
    set_in(50ms);
    advance_by(40ms);
    set_in(50ms);
    EXPECT_EQ(0, advance_by(50ms - 1ns)) << "the old time has passed";
    EXPECT_EQ(1, advance_by(1ns));
    EXPECT_EQ(0, advance_by(1h));
}

TEST_F(deadline_wheels, wake_once_at_the_new_time_if_it_was_moved_earlier)
{
    set_in(10s);
    advance_by(40ms);
    set_in(50ms);
    EXPECT_EQ(0, advance_by(50ms - 1ns));
    EXPECT_EQ(1, advance_by(1ns));
    EXPECT_EQ(0, advance_by(1h)) << "the old time has passed";
}

TEST_F(deadline_wheels, never_wake_for_never)
{
    set_in(50ms);
    wheel_.set(sleeper_.alarm, never);
    EXPECT_EQ(0, advance_by(1h));
    wheel_.set(sleeper_.alarm, never);
    EXPECT_EQ(0, advance_by(1h));
    EXPECT_FALSE(wheel_.next().has_value());
}

TEST_F(deadline_wheels, wake_again_after_never)
{
    set_in(50ms);
    wheel_.set(sleeper_.alarm, never);
    set_in(30ms);
    EXPECT_EQ(1, advance_by(30ms));
    EXPECT_EQ(0, advance_by(1h));
}

TEST_F(deadline_wheels, keep_a_deadline_that_is_moved_on_and_on)
{
    // The idle bound of a session with traffic: moved each millisecond, for more than a round.
    for (int step = 0; step < 60'000; ++step) {
        set_in(5s);
        ASSERT_EQ(0, advance_by(1ms));
    }
    EXPECT_EQ(0, advance_by(4998ms));
    EXPECT_EQ(1, advance_by(1ms + tick));
}

TEST_F(deadline_wheels, wait_for_more_than_a_round)
{
    set_in(24h);
    for (int hour = 0; hour < 23; ++hour)
        ASSERT_EQ(0, advance_by(1h));
    EXPECT_EQ(0, advance_by(1h - 1ns));
    EXPECT_EQ(1, advance_by(1ns));
}

TEST_F(deadline_wheels, survive_a_sleep_over_several_rounds)
{
    std::deque<sleeper> many(100);
    for (std::size_t i = 0; i < many.size(); ++i)
        wheel_.set(many[i].alarm, now_ + 1s * i);
    sleeper late;
    wheel_.set(late.alarm, now_ + 11min);
    advance_by(10min);
    for (const sleeper& each : many)
        EXPECT_EQ(1, each.wakes);
    EXPECT_EQ(0, late.wakes);
    advance_by(1min);
    EXPECT_EQ(1, late.wakes);
}

TEST_F(deadline_wheels, take_a_clock_that_stands_or_goes_back)
{
    set_in(50ms);
    advance_by(40ms);
    advance_to(start);
    advance_to(start - 1h);
    EXPECT_EQ(0, advance_to(start + 49ms));
    EXPECT_EQ(1, advance_to(start + 50ms));
}

TEST_F(deadline_wheels, take_deadlines_at_the_end_of_time)
{
    wheel_.set(sleeper_.alarm, never - 1ns);
    EXPECT_EQ(0, advance_by(1h));
    set_in(1s);
    EXPECT_EQ(1, advance_by(1s));
}

TEST_F(deadline_wheels, forget_what_is_destroyed)
{
    sleeper other;
    wheel_.set(other.alarm, now_ + 20ms);
    {
        sleeper gone;
        wheel_.set(gone.alarm, now_ + 20ms);
    }
    set_in(20ms);
    EXPECT_EQ(1, advance_by(20ms));
    EXPECT_EQ(1, other.wakes);
}

TEST_F(deadline_wheels, may_go_before_the_deadlines_that_stand_in_them)
{
    sleeper outlives;
    {
        deadline_wheel wheel{start, queue_};
        wheel.set(outlives.alarm, start + 1s);
    }
    wheel_.set(outlives.alarm, start + 1s);
    advance_by(1s);
    EXPECT_EQ(1, outlives.wakes);
}

TEST_F(deadline_wheels, say_when_there_is_something_to_do)
{
    set_in(50ms);
    EXPECT_EQ(start + 50ms, wheel_.next());
    set_in(43ms);
    EXPECT_EQ(start + 50ms, wheel_.next()) << "the tick at which it is due";
    set_in(20ms);
    EXPECT_EQ(start + 20ms, wheel_.next());
    advance_by(20ms);
    set_in(30s);
    ASSERT_TRUE(wheel_.next().has_value());
    EXPECT_LE(wheel_.next(), now_ + 30s);
    set_in(3h);
    ASSERT_TRUE(wheel_.next().has_value());
    EXPECT_LE(wheel_.next(), now_ + 3h);
}

TEST_F(deadline_wheels, lead_to_a_deadline_by_what_they_say_alone)
{
    // A worker that sleeps until `next` each time: not early, not late, and not many times.
    set_in(3h + 3ms);
    const time_point when = sleeper_.alarm.when();
    int turns = 0;
    while (sleeper_.wakes == 0 && ++turns < 1000) {
        const auto next = wheel_.next();
        ASSERT_TRUE(next.has_value());
        ASSERT_GT(*next, now_) << "it would not get on";
        advance_to(*next);
    }
    EXPECT_EQ(1, sleeper_.wakes);
    EXPECT_GE(now_, when);
    EXPECT_LT(now_, when + tick);
    EXPECT_LT(turns, 300) << "about one for each round";
    EXPECT_FALSE(wheel_.next().has_value());
}

TEST_F(deadline_wheels, reach_the_slots_at_the_seams)
{
    // The furthest slots of a round, and the first ones behind its end, from several positions.
    for (const int position : {0, 1, 62, 63, 64, 65, 4031, 4032, 4094, 4095, 4096, 4097}) {
        for (const int ahead : {1, 2, 63, 64, 65, 4031, 4094, 4095, 4096, 4097, 8192}) {
            deadline_wheel wheel{start, queue_};
            wheel.advance(start + tick * position);
            wheel.set(sleeper_.alarm, start + tick * (position + ahead));
            const auto next = wheel.next();
            ASSERT_TRUE(next.has_value()) << position << " + " << ahead;
            EXPECT_EQ(start + tick * (position + std::min(ahead, 4095)), *next);
            wheel.advance(start + tick * (position + ahead) - 1ns);
            ASSERT_TRUE(queue_.empty()) << position << " + " << ahead;
            wheel.advance(start + tick * (position + ahead));
            ASSERT_FALSE(queue_.empty()) << position << " + " << ahead;
            queue_.run_once();
        }
    }
}

} // namespace
} // namespace ferrule::net
