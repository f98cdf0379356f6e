#include "worker/rounds.hpp"

#include "support/loopback.hpp"

#include <gtest/gtest.h>

namespace ferrule::worker {
namespace {

TEST(rounds, give_each_that_is_awake_one_turn)
{
    rounds it;
    test::counting_owner one;
    test::counting_owner another;
    EXPECT_FALSE(it.run_awake());
    it.around().ready.push(one);
    it.around().ready.push(one);
    it.around().ready.push(another);
    EXPECT_TRUE(it.run_awake());
    EXPECT_EQ(1, one.turns);
    EXPECT_EQ(1, another.turns);
    EXPECT_FALSE(it.run_awake());
}

TEST(rounds, do_not_wait_while_one_is_awake)
{
    rounds it;
    test::counting_owner one;
    it.around().ready.push(one);
    it.next(); // nothing else would end a wait
    EXPECT_EQ(1, one.turns);
}

TEST(rounds, wait_for_an_event_and_look_at_the_clock_after_it)
{
    rounds it;
    test::counting_owner one;
    auto [near, far] = test::make_tcp_connection();
    net::readiness state;
    state.owner = &one;
    ASSERT_EQ(0, it.around().events.add(near.get(), state));
    far.send("x");
    const base::time_point before = base::clock::now();
    while (one.turns == 0)
        it.next();
    EXPECT_TRUE(state.readable);
    EXPECT_LE(before, it.around().now);
}

TEST(rounds, wake_a_deadline_that_has_come)
{
    rounds it;
    test::counting_owner one;
    net::deadline alarm{one};
    it.around().wheel.set(alarm, base::clock::now());
    while (one.turns == 0)
        it.next();
    EXPECT_EQ(1, one.turns);
}

} // namespace
} // namespace ferrule::worker
