#include "metrics/counters.hpp"

#include <gtest/gtest.h>

namespace ferrule::metrics {
namespace {

TEST(durations, a_duration_on_a_bound_belongs_to_the_bucket_of_that_bound)
{
    durations seconds;
    seconds.observe(duration_bounds[2]);
    seconds.observe(duration_bounds[2] + 0.0001);
    EXPECT_EQ(seconds.bucket(2), 1u);
    EXPECT_EQ(seconds.bucket(3), 1u);
}

TEST(durations, what_is_longer_than_every_bound_is_in_the_last_bucket)
{
    durations seconds;
    seconds.observe(1e6);
    EXPECT_EQ(seconds.bucket(durations::bucket_count - 1), 1u);
    EXPECT_DOUBLE_EQ(seconds.sum_seconds(), 1e6);
}

TEST(durations, the_sum_keeps_microseconds)
{
    durations seconds;
    seconds.observe(0.000'250);
    seconds.observe(1.5);
    EXPECT_DOUBLE_EQ(seconds.sum_seconds(), 1.500'250);
}

TEST(number, a_gauge_comes_back_to_zero)
{
    number open;
    open.add();
    open.add(2);
    open.subtract(3);
    EXPECT_EQ(open.get(), 0u);
}

} // namespace
} // namespace ferrule::metrics
