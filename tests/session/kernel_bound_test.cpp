#include "session/surroundings.hpp"

#include "net/socket.hpp"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using ferrule::base::milliseconds;
namespace base = ferrule::base;
namespace config = ferrule::config;

milliseconds bound(milliseconds idle, milliseconds drain, milliseconds half_close)
{
    config::timeout_settings timeouts;
    timeouts.idle = idle;
    config::shutdown_settings shutdown;
    shutdown.drain_timeout = drain;
    shutdown.half_close_timeout = half_close;
    return ferrule::session::kernel_bound(timeouts, shutdown);
}

TEST(kernel_bound, lies_above_the_sessions_own)
{
    EXPECT_EQ(10s + 30s + 5s, bound(10s, 30s, 20s));
    EXPECT_EQ(10s + 60s + 5s, bound(10s, 30s, 60s));
}

TEST(kernel_bound, is_off_without_an_idle_time)
{
    EXPECT_EQ(base::off, bound(base::off, 30s, 60s));
}

TEST(kernel_bound, never_keeps_a_peer_that_keepalive_would_have_given_up)
{
    EXPECT_EQ(119'999ms, bound(109'999ms, 5s, 5s));
    EXPECT_EQ(base::off, bound(110s, 5s, 5s));
    EXPECT_EQ(base::off, bound(10min, 30s, 60s)) << "the defaults";
    EXPECT_EQ(base::off, bound(1s, 1s, 24h)) << "a half-closed session whose peer has vanished";
}

} // namespace
