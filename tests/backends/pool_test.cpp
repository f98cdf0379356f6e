#include "backends/pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using ferrule::backends::attempt;
using ferrule::backends::backend_pool;
using ferrule::backends::server;
using ferrule::backends::server_choice;
using ferrule::base::time_point;

constexpr time_point start{std::chrono::hours{1}};

server server_at(std::uint16_t port, const std::string& host = "127.0.0.1")
{
    static ferrule::metrics::server_counters counters;
    const auto where = ferrule::net::address::ip(host, port).value();
    return {"app" + std::to_string(port), where, &counters, {}};
}

std::vector<server> servers_at(std::initializer_list<std::uint16_t> ports)
{
    std::vector<server> made;
    for (const std::uint16_t port : ports)
        made.push_back(server_at(port));
    return made;
}

backend_pool pool_of(std::initializer_list<std::uint16_t> ports)
{
    backend_pool pool{"app"};
    pool.set_servers(servers_at(ports));
    return pool;
}

/// The ports that one session tries, in their order. It tells nothing of them.
std::vector<int> tries(backend_pool& pool, time_point now)
{
    std::vector<int> ports;
    server_choice choice;
    for (std::size_t i = 0; i <= backend_pool::servers_max; ++i) {
        const attempt next = pool.next(choice, now);
        if (!next)
            break;
        ports.push_back(next->where.port());
    }
    return ports;
}

/// What a new session tries first.
attempt first_try(backend_pool& pool, time_point now)
{
    server_choice choice;
    return pool.next(choice, now);
}

/// The first server that a new session gets fails.
int fail_next(backend_pool& pool, time_point now)
{
    attempt next = first_try(pool, now);
    const int port = next->where.port();
    next.failed(now);
    return port;
}

/// From when on a new session would try this server first again, if it were its turn.
time_point end_of_memory(backend_pool& pool, int port)
{
    server_choice choice;
    for (;;) {
        const attempt next = pool.next(choice, time_point::min());
        if (next->where.port() == port)
            return next->failed_until;
    }
}

using ports = std::vector<int>;

TEST(backend_pool, gives_nothing_without_a_server)
{
    backend_pool pool{"app"};
    server_choice choice;
    EXPECT_EQ("app", pool.name());
    EXPECT_FALSE(pool.next(choice, start));
    EXPECT_EQ(0U, pool.untried(choice));
    EXPECT_FALSE(choice.started);
}

TEST(backend_pool, takes_servers_in_turn)
{
    backend_pool pool = pool_of({1, 2, 3});
    EXPECT_EQ((ports{1, 2, 3}), tries(pool, start));
    EXPECT_EQ((ports{2, 3, 1}), tries(pool, start));
    EXPECT_EQ((ports{3, 1, 2}), tries(pool, start));
    EXPECT_EQ((ports{1, 2, 3}), tries(pool, start));
}

TEST(backend_pool, gives_a_session_each_server_once)
{
    backend_pool pool = pool_of({1, 2});
    server_choice choice;
    EXPECT_EQ(2U, pool.untried(choice));
    EXPECT_TRUE(pool.next(choice, start));
    EXPECT_EQ(1U, pool.untried(choice));
    EXPECT_TRUE(pool.next(choice, start));
    EXPECT_EQ(0U, pool.untried(choice));
    EXPECT_FALSE(pool.next(choice, start));
    EXPECT_FALSE(pool.next(choice, start));
}

TEST(backend_pool, tries_a_failed_server_last)
{
    backend_pool pool = pool_of({1, 2, 3});
    EXPECT_EQ(1, fail_next(pool, start));
    EXPECT_EQ((ports{2, 3, 1}), tries(pool, start));
    EXPECT_EQ((ports{3, 2, 1}), tries(pool, start));
    EXPECT_EQ((ports{2, 3, 1}), tries(pool, start)) << "its turn, and still last";
}

TEST(backend_pool, tries_failed_servers_nevertheless_when_no_other_is_left)
{
    backend_pool pool = pool_of({1, 2});
    fail_next(pool, start);
    fail_next(pool, start);
    EXPECT_EQ(2U, tries(pool, start).size());
}

TEST(backend_pool, tries_a_failed_server_again_after_its_time)
{
    backend_pool pool = pool_of({1, 2});
    EXPECT_EQ(1, fail_next(pool, start));
    const time_point again = start + backend_pool::first_memory;
    EXPECT_EQ((ports{2, 1}), tries(pool, again - 1ns));
    EXPECT_EQ((ports{1, 2}), tries(pool, again));
}

TEST(backend_pool, lets_one_session_at_a_time_try_a_failed_server_again)
{
    backend_pool pool = pool_of({1, 2});
    EXPECT_EQ(1, fail_next(pool, start));
    const time_point later = start + 1h;
    EXPECT_EQ(2, first_try(pool, later)->where.port()) << "it is the turn of 2";
    {
        const attempt probe = first_try(pool, later);
        ASSERT_EQ(1, probe->where.port());
        for (int session = 0; session < 10; ++session)
            EXPECT_EQ((ports{2, 1}), tries(pool, later)) << "the others do not wait for it";
    }
    // The prober has left: its try says nothing, and the next one may.
    EXPECT_EQ(2, first_try(pool, later)->where.port());
    EXPECT_EQ(1, first_try(pool, later)->where.port());
}

TEST(backend_pool, remembers_twice_as_long_after_each_probe_that_fails)
{
    backend_pool pool = pool_of({1});
    time_point now = start;
    for (const auto memory : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
        fail_next(pool, now);
        EXPECT_EQ(now + memory, end_of_memory(pool, 1));
        now += memory;
    }
}

TEST(backend_pool, forgets_all_failures_with_a_success)
{
    backend_pool pool = pool_of({1, 2});
    time_point now = start;
    for (int failure = 0; failure < 5; ++failure) {
        attempt both[] = {first_try(pool, now), first_try(pool, now)};
        both[0].failed(now);
        both[1].failed(now);
        now += 1min;
    }
    first_try(pool, now).succeeded(1ms);
    first_try(pool, now).succeeded(1ms);
    const int failed = fail_next(pool, now);
    EXPECT_EQ(now + backend_pool::first_memory, end_of_memory(pool, failed));
}

TEST(backend_pool, counts_tries_that_began_together_as_one_failure)
{
    backend_pool pool = pool_of({1});
    std::vector<attempt> burst;
    for (int session = 0; session < 100; ++session)
        burst.push_back(first_try(pool, start));
    for (attempt& each : burst)
        each.failed(start);
    EXPECT_EQ(start + backend_pool::first_memory, end_of_memory(pool, 1));
}

TEST(backend_pool, learns_nothing_from_a_try_for_want_of_a_better_server)
{
    backend_pool pool = pool_of({1});
    fail_next(pool, start);
    for (int session = 0; session < 100; ++session)
        fail_next(pool, start + 500ms);
    EXPECT_EQ(start + backend_pool::first_memory, end_of_memory(pool, 1));
}

TEST(backend_pool, never_waits_for_the_only_server_however_often_it_has_failed)
{
    backend_pool pool = pool_of({1});
    time_point now = start;
    for (int failure = 0; failure < 20; ++failure) {
        fail_next(pool, now);
        now += 1min;
    }
    fail_next(pool, now);
    const attempt probe = first_try(pool, now + 1ns);
    EXPECT_EQ((ports{1}), tries(pool, now + 1ns));
    EXPECT_EQ((ports{1}), tries(pool, now + 1h)) << "and while another tries it";
}

TEST(backend_pool, a_success_for_want_of_a_better_server_counts)
{
    backend_pool pool = pool_of({1, 2});
    fail_next(pool, start);
    fail_next(pool, start);
    first_try(pool, start).succeeded(1ms);
    EXPECT_EQ((ports{1, 2}), tries(pool, start)) << "1 serves, though it is the turn of 2";
    EXPECT_EQ((ports{1, 2}), tries(pool, start));
}

TEST(backend_pool, keeps_what_is_known_of_servers_that_stay)
{
    backend_pool pool = pool_of({1, 2});
    EXPECT_EQ(1, fail_next(pool, start));
    pool.set_servers(servers_at({3, 1}));
    const auto order = tries(pool, start);
    EXPECT_EQ((ports{3, 1}), order) << "the second turn begins at 1, which has failed";
}

TEST(backend_pool, knows_nothing_of_a_name_that_has_got_another_address)
{
    backend_pool pool = pool_of({1, 2});
    EXPECT_EQ(1, fail_next(pool, start));
    pool.set_servers({server_at(2), server_at(1, "127.0.0.2")});
    EXPECT_EQ((ports{1, 2}), tries(pool, start));
}

TEST(backend_pool, may_lose_all_servers_and_get_others)
{
    backend_pool pool = pool_of({1, 2});
    pool.set_servers({});
    EXPECT_TRUE(tries(pool, start).empty());
    pool.set_servers(servers_at({4}));
    EXPECT_EQ((ports{4}), tries(pool, start));
}

TEST(backend_pool, survives_a_change_between_two_tries_of_a_session)
{
    backend_pool pool = pool_of({1, 2, 3});
    server_choice choice;
    EXPECT_TRUE(pool.next(choice, start));
    EXPECT_TRUE(pool.next(choice, start));
    pool.set_servers(servers_at({1}));
    EXPECT_EQ(0U, pool.untried(choice));
    EXPECT_FALSE(pool.next(choice, start));
}

TEST(backend_pool, leaves_a_server_to_the_session_that_connects_to_it)
{
    backend_pool pool = pool_of({1, 2});
    server_choice choice;
    attempt removed = pool.next(choice, start);
    attempt stays = pool.next(choice, start);
    pool.set_servers(servers_at({2, 3}));
    EXPECT_EQ("app1", removed->text);
    removed.failed(start);
    stays.failed(start);
    EXPECT_EQ((ports{3, 2}), tries(pool, start)) << "what is learned of one that stays is kept";
}

TEST(backend_pool, takes_as_many_servers_as_a_choice_can_remember)
{
    std::vector<server> many;
    for (std::uint16_t port = 1; port <= 70; ++port)
        many.push_back(server_at(port));
    backend_pool pool{"app"};
    pool.set_servers(many);
    for (int session = 0; session < 65; ++session) {
        ports order = tries(pool, start);
        std::ranges::sort(order);
        ASSERT_EQ(64U, order.size());
        ASSERT_EQ(order.end(), std::ranges::adjacent_find(order)) << "a server was tried twice";
        ASSERT_EQ(64, order.back());
    }
}

} // namespace
