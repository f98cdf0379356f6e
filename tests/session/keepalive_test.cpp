// Which of our own bounds the kernel's clocks follow.

#include "session/surroundings.hpp"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using ferrule::base::milliseconds;
using ferrule::net::keepalive;
using ferrule::net::keepalive_below;
namespace base = ferrule::base;
namespace config = ferrule::config;

keepalive towards_backend(milliseconds idle, milliseconds half_close)
{
    config::timeout_settings timeouts;
    timeouts.idle = idle;
    config::shutdown_settings shutdown;
    shutdown.half_close_timeout = half_close;
    return ferrule::session::backend_keepalive(timeouts, shutdown);
}

TEST(keepalive, finds_a_vanished_peer_before_any_bound_of_three_seconds_or_more)
{
    for (milliseconds bound = 3s; bound < 10min; bound += 250ms) {
        const keepalive asked = keepalive_below(bound);
        EXPECT_LT(asked.takes(), bound);
        EXPECT_GT(asked.takes() * 5 / 2, std::min(bound, milliseconds{2min}))
            << "no more questions than it takes: " << bound.count();
        EXPECT_LT(asked.answers_within(), bound);
        EXPECT_LE(asked.answers_within(), asked.takes());
    }
}

TEST(keepalive, takes_two_minutes_without_a_bound)
{
    EXPECT_EQ(120s, keepalive_below(base::off).takes());
    EXPECT_EQ(120s, keepalive_below(168h).takes());
}

TEST(keepalive, is_never_quicker_than_the_kernel_can_be)
{
    const keepalive least{1s, 1s, 1};
    for (const milliseconds bound : {10ms, 999ms, 1999ms, 2000ms, 3999ms})
        EXPECT_EQ(least, keepalive_below(bound)) << bound.count();
    EXPECT_EQ(1500ms, least.answers_within()) << "a peer that answers late is not gone";
    EXPECT_EQ((keepalive{1s, 1s, 3}), keepalive_below(5s));
    EXPECT_EQ((keepalive{2s, 1s, 3}), keepalive_below(6s));
}

TEST(keepalive, towards_a_backend_follows_the_shorter_of_idle_and_half_close_timeout)
{
    EXPECT_EQ((keepalive{20s, 10s, 3}), towards_backend(10min, 60s)) << "the defaults";
    EXPECT_EQ(keepalive_below(30s), towards_backend(30s, 60s));
    EXPECT_EQ(keepalive_below(60s), towards_backend(base::off, 60s));
    EXPECT_EQ(keepalive_below(24h), towards_backend(base::off, 24h));
}

TEST(keepalive, towards_a_client_follows_idle_alone)
{
    config::timeout_settings timeouts;
    EXPECT_EQ(120s, ferrule::session::client_keepalive(timeouts).takes()) << "the default";
    timeouts.idle = 30s;
    EXPECT_EQ(keepalive_below(30s), ferrule::session::client_keepalive(timeouts));
}

} // namespace
