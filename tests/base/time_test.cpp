#include "base/time.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace {

using ferrule::base::to_text;
using namespace std::chrono_literals;

TEST(time_to_text, takes_the_largest_unit_that_stays_whole)
{
    EXPECT_EQ("1ms", to_text(1ms));
    EXPECT_EQ("999ms", to_text(999ms));
    EXPECT_EQ("1s", to_text(1000ms));
    EXPECT_EQ("1500ms", to_text(1500ms));
    EXPECT_EQ("59s", to_text(59s));
    EXPECT_EQ("1m", to_text(60s));
    EXPECT_EQ("90s", to_text(90s));
    EXPECT_EQ("5m", to_text(5min));
    EXPECT_EQ("60001ms", to_text(60'001ms));
    EXPECT_EQ("1h", to_text(60min));
    EXPECT_EQ("61m", to_text(61min));
    EXPECT_EQ("3601s", to_text(3601s));
    EXPECT_EQ("48h", to_text(48h));
}

TEST(time_to_text, says_off_for_what_is_switched_off)
{
    EXPECT_EQ("off", to_text(ferrule::base::off));
    EXPECT_EQ("off", to_text(0ms));
}

} // namespace
