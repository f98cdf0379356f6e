#include "worker/accept_news.hpp"

#include "support/kept_log.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>

namespace ferrule::worker {
namespace {

using namespace std::chrono_literals;
using lines = std::vector<std::string>;

struct news : ::testing::Test {
    std::uint64_t counted(metrics::accept_pause why) const
    {
        return counters.accept_paused[static_cast<std::size_t>(why)].get();
    }

    static constexpr base::time_point start{std::chrono::hours{1}};
    metrics::registry numbers{1};
    test::kept_log log{numbers};
    session_limit limit;
    metrics::listener_counters counters;
    accept_news it{log.log(), limit, 3};
};

TEST_F(news, of_a_pause_are_counted_each_time_and_told_every_ten_seconds)
{
    it.paused(counters, metrics::accept_pause::sessions, start);
    it.paused(counters, metrics::accept_pause::sessions, start + 1s);
    EXPECT_TRUE(it.is_paused());
    EXPECT_EQ(1U, counted(metrics::accept_pause::sessions)) << "it is the same pause";
    for (const auto at : {9s, 10s}) {
        it.went_on();
        EXPECT_FALSE(it.is_paused());
        it.paused(counters, metrics::accept_pause::descriptors, start + at);
    }
    EXPECT_EQ(2U, counted(metrics::accept_pause::descriptors));
    EXPECT_EQ((lines{"warning accepting paused worker=3 reason=sessions open_sessions=0",
                     "warning accepting paused worker=3 reason=descriptors open_sessions=0"}),
              log.lines());
}

TEST_F(news, of_a_listener_that_cannot_accept_are_followed_by_its_recovery_only_if_they_were_told)
{
    it.failing("web", "127.0.0.1:443", ENETDOWN, start);
    it.failing("web", "127.0.0.1:443", 0, start + 1s);
    it.failing("web", "127.0.0.1:443", EPERM, start + 2s);
    it.failing("web", "127.0.0.1:443", 0, start + 3s);
    EXPECT_EQ((lines{"error cannot accept worker=3 listener=web address=127.0.0.1:443: Network is "
                     "down; it is tried again, and /readyz says no meanwhile",
                     "info accepting again worker=3 listener=web address=127.0.0.1:443"}),
              log.lines());
}

} // namespace
} // namespace ferrule::worker
