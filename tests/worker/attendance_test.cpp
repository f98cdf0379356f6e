// The clock of these tests is a number.

#include "worker/attendance.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace ferrule::worker {
namespace {

using namespace std::chrono_literals;

constexpr base::time_point start{1000h};

class attendances : public ::testing::Test {
protected:
    /// A round that began `worked` after the last one went on, and meant to wait for `wait`.
    bool round(base::milliseconds worked, base::milliseconds wait, base::milliseconds waited,
               bool was_interrupted = false)
    {
        round_start begun{.before = now_ + worked,
                          .wait = wait,
                          .now = now_ + worked + waited,
                          .was_interrupted = was_interrupted};
        now_ = begun.now;
        return attendance_.may_deadlines_act(begun);
    }

    base::time_point now_ = start;
    attendance attendance_{start};
};

TEST_F(attendances, let_deadlines_act_in_a_worker_that_serves)
{
    EXPECT_TRUE(round(1ms, 0ms, 0ms));
    EXPECT_TRUE(round(200ms, 0ms, 0ms));
    EXPECT_TRUE(round(1ms, 40s, 40s));
    EXPECT_TRUE(round(1ms, 40s, 40s + 250ms));
    EXPECT_TRUE(round(1ms, 40s, 3s)) << "an event came";
    EXPECT_TRUE(round(1ms, -1ms, 1h)) << "there was no deadline to wait for";
    EXPECT_EQ(start, attendance_.served_since());
}

TEST_F(attendances, put_deadlines_off_once_after_a_wait_that_was_too_long)
{
    EXPECT_FALSE(round(1ms, 100ms, 351ms));
    EXPECT_EQ(now_, attendance_.served_since());
    const base::time_point back = now_;
    EXPECT_TRUE(round(1ms, 0ms, 0ms));
    EXPECT_EQ(back, attendance_.served_since());
}

TEST_F(attendances, put_deadlines_off_once_after_a_round_that_took_too_long)
{
    EXPECT_FALSE(round(251ms, 0ms, 0ms));
    EXPECT_EQ(now_, attendance_.served_since());
    EXPECT_TRUE(round(1ms, 0ms, 0ms));
}

TEST_F(attendances, put_deadlines_off_once_after_an_interruption)
{
    EXPECT_FALSE(round(1ms, 40s, 3s, true)) << "how long it took nobody knows";
    EXPECT_EQ(now_, attendance_.served_since());
    EXPECT_TRUE(round(1ms, 0ms, 0ms));
}

TEST_F(attendances, keep_the_bounds_of_a_worker_that_is_always_late)
{
    for (int i = 0; i < 10; ++i) {
        EXPECT_FALSE(round(1s, 0ms, 0ms));
        EXPECT_TRUE(round(1s, 0ms, 0ms));
        EXPECT_EQ(now_, attendance_.served_since());
    }
}

} // namespace
} // namespace ferrule::worker
