// One session's try of a server: what it counts.

#include "backends/pool.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace ferrule::backends {
namespace {

using namespace std::chrono_literals;

struct a_try : ::testing::Test {
    a_try()
    {
        pool.set_servers({{"app", net::address::ip("127.0.0.1", 80).value(), &counters, {}}});
    }

    attempt next()
    {
        server_choice choice;
        return pool.next(choice, now);
    }

    static constexpr base::time_point now{std::chrono::hours{1}};
    metrics::server_counters counters;
    backend_pool pool{"app"};
};

TEST_F(a_try, that_succeeds_counts_as_a_connect_with_its_time)
{
    next().succeeded(3ms);
    EXPECT_EQ(1U, counters.connects.get());
    EXPECT_EQ(0.003, counters.connect_seconds.sum_seconds());
    EXPECT_EQ(0U, counters.connect_failures.get());
}

TEST_F(a_try, that_fails_counts_as_a_failure_each_time)
{
    next().failed(now);
    next().failed(now);
    EXPECT_EQ(2U, counters.connect_failures.get());
    EXPECT_EQ(0U, counters.connects.get());
}

TEST_F(a_try, that_is_forgotten_says_nothing_of_the_server)
{
    next();
    EXPECT_EQ(0U, counters.connect_failures.get());
    EXPECT_EQ(0U, counters.connects.get());
    EXPECT_EQ(0U, next()->failures);
}

} // namespace
} // namespace ferrule::backends
