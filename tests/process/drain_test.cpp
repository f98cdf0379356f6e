#include "process/drain.hpp"

#include "process/stand_ins.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace ferrule::process {
namespace {

using namespace std::chrono_literals;

class draining : public ::testing::Test {
protected:
    draining()
    {
        settings_.drain = {.delay = 2s, .timeout = 30s, .spread = 10s};
        numbers_.process().ready = true;
    }

    metrics::registry numbers_{1};
    kept_log log_{numbers_};
    config::settings settings_;
    manual_loop loop_;
    told_workers workers_{2};
    int begun_ = 0;
    std::vector<int> exit_codes_;
    drain drain_{loop_,
                 workers_,
                 settings_,
                 numbers_.process(),
                 log_.log(),
                 {.begun = [this] { ++begun_; },
                  .over = [this](int exit_code) { exit_codes_.push_back(exit_code); }}};
};

TEST_F(draining, is_told_at_once_but_to_the_workers_after_the_delay)
{
    drain_.begin();
    EXPECT_EQ(1, begun_);
    EXPECT_FALSE(numbers_.process().ready);
    EXPECT_TRUE(numbers_.process().draining);
    loop_.pass(1999ms);
    EXPECT_EQ(0U, workers_.tell_drained.size());
    loop_.pass(1ms);
    EXPECT_EQ(1U, workers_.tell_drained.size());
    EXPECT_EQ(30s, workers_.drain_timeout);
    EXPECT_EQ(10s, workers_.drain_spread);
}

TEST_F(draining, is_over_when_the_last_worker_is_drained)
{
    drain_.begin();
    loop_.pass(2s);
    workers_.tell_drained.at(0)(true);
    EXPECT_TRUE(exit_codes_.empty());
    workers_.tell_drained.at(0)(true);
    EXPECT_EQ(std::vector{0}, exit_codes_);
    EXPECT_EQ((std::vector<std::string>{
                  "info draining delay=2s timeout=30s spread=10s",
                  "info drained: the drain has cut no session, and no byte is missing"}),
              log_.lines());
}

TEST_F(draining, fails_if_one_worker_has_cut_a_session_whatever_the_others_say)
{
    drain_.begin();
    loop_.pass(2s);
    workers_.tell_drained.at(0)(false);
    workers_.tell_drained.at(0)(true);
    EXPECT_EQ(std::vector{1}, exit_codes_);
    EXPECT_EQ("info drained: the drain has cut a session, or bytes were lost or not acknowledged",
              log_.lines().back());
}

TEST_F(draining, is_overdue_three_seconds_after_its_time)
{
    drain_.begin();
    loop_.pass(2s + 30s + 3s - 1ms);
    workers_.tell_drained.at(0)(true);
    EXPECT_TRUE(exit_codes_.empty());
    loop_.pass(1ms);
    EXPECT_EQ(std::vector{1}, exit_codes_);
    EXPECT_EQ("error drain is overdue: ending what is left", log_.lines().back());
}

TEST_F(draining, goes_on_when_it_is_begun_again)
{
    drain_.begin();
    loop_.pass(1s);
    drain_.begin();
    EXPECT_EQ(1, begun_);
    EXPECT_EQ(31s, drain_.cut_in());
    loop_.pass(1s);
    EXPECT_EQ(1U, workers_.tell_drained.size());
}

TEST_F(draining, knows_when_it_cuts)
{
    EXPECT_FALSE(drain_.has_begun());
    EXPECT_EQ(std::nullopt, drain_.cut_in());
    drain_.begin();
    EXPECT_TRUE(drain_.has_begun());
    EXPECT_EQ(32s, drain_.cut_in());
    loop_.pass(33s);
    EXPECT_EQ(-1s, drain_.cut_in());
}

TEST_F(draining, has_the_bounds_of_the_settings_that_are_in_force_when_it_begins)
{
    settings_.drain = {.delay = 0s, .timeout = 5s, .spread = 0s};
    drain_.begin();
    settings_.drain.timeout = 60s;
    EXPECT_EQ(5s, drain_.cut_in());
    loop_.pass(0s);
    EXPECT_EQ(5s, workers_.drain_timeout);
    loop_.pass(8s);
    EXPECT_EQ(std::vector{1}, exit_codes_);
    EXPECT_EQ("info draining delay=0s timeout=5s spread=0s", log_.lines().front());
}

TEST_F(draining, is_marked_before_others_hear_of_it)
{
    std::optional<base::milliseconds> seen;
    drain other{loop_,      workers_,
                settings_,  numbers_.process(),
                log_.log(), {.begun = [&] { seen = other.cut_in(); }, .over = [](int) {}}};
    other.begin();
    EXPECT_EQ(32s, seen);
}

} // namespace
} // namespace ferrule::process
