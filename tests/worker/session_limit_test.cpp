#include "worker/session_limit.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace ferrule::worker {
namespace {

TEST(session_limits, give_as_many_places_as_there_are)
{
    session_limit limit;
    EXPECT_FALSE(limit.take()) << "none before there is a configuration";
    limit.set(2);
    EXPECT_TRUE(limit.take());
    EXPECT_TRUE(limit.take());
    EXPECT_FALSE(limit.take());
    limit.give_back();
    EXPECT_TRUE(limit.take());
    EXPECT_FALSE(limit.take());
    EXPECT_EQ(2u, limit.open());
}

TEST(session_limits, can_be_lowered_below_what_is_open)
{
    session_limit limit;
    limit.set(3);
    for (int i = 0; i < 3; ++i)
        EXPECT_TRUE(limit.take());
    limit.set(1);
    EXPECT_FALSE(limit.take());
    limit.give_back();
    limit.give_back();
    EXPECT_FALSE(limit.take());
    limit.give_back();
    EXPECT_TRUE(limit.take());
}

TEST(session_limits, are_never_passed_by_workers_that_take_at_the_same_time)
{
    constexpr std::uint64_t most = 3;
    session_limit limit;
    limit.set(most);
    std::atomic<std::uint64_t> taken{0};
    std::atomic<std::uint64_t> most_seen{0};
    std::vector<std::thread> workers;
    for (int i = 0; i < 4; ++i)
        workers.emplace_back([&] {
            for (int round = 0; round < 10'000; ++round) {
                if (!limit.take())
                    continue;
                const std::uint64_t now = ++taken;
                std::uint64_t before = most_seen;
                while (before < now && !most_seen.compare_exchange_weak(before, now)) {
                }
                --taken;
                limit.give_back();
            }
        });
    for (std::thread& each : workers)
        each.join();
    EXPECT_GE(most_seen, 1u);
    EXPECT_LE(most_seen, most);
    EXPECT_EQ(0u, limit.open());
}

TEST(session_limit, gives_every_session_a_number_of_its_own)
{
    session_limit limit;
    EXPECT_EQ(1u, limit.next_id());
    EXPECT_EQ(2u, limit.next_id());
    std::vector<std::thread> workers;
    for (int i = 0; i < 4; ++i)
        workers.emplace_back([&] {
            for (int round = 0; round < 1000; ++round)
                limit.next_id();
        });
    for (std::thread& each : workers)
        each.join();
    EXPECT_EQ(4003u, limit.next_id());
}

} // namespace
} // namespace ferrule::worker
