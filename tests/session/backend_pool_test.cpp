#include "session/backend_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using ferrule::base::time_point;
using ferrule::session::backend_pool;
using ferrule::session::server;
using ferrule::session::server_choice;

constexpr time_point start{std::chrono::hours{1}};

server server_at(std::uint16_t port, const std::string& host = "127.0.0.1")
{
    server made;
    made.text = "app" + std::to_string(port);
    made.where = ferrule::net::address::ip(host, port).value();
    return made;
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

/// The ports that one session tries, in their order.
std::vector<int> tries(backend_pool& pool, time_point now)
{
    std::vector<int> ports;
    server_choice choice;
    for (std::size_t i = 0; i <= backend_pool::servers_max; ++i) {
        const auto next = pool.next(choice, now);
        if (next == nullptr)
            break;
        ports.push_back(next->where.port());
    }
    return ports;
}

/// The first server that a new session gets has failed.
int fail_next(backend_pool& pool, time_point now)
{
    server_choice choice;
    const auto which = pool.next(choice, now);
    pool.failed(*which, now);
    return which->where.port();
}

using ports = std::vector<int>;

TEST(backend_pool, gives_nothing_without_a_server)
{
    backend_pool pool{"app"};
    server_choice choice;
    EXPECT_EQ("app", pool.name());
    EXPECT_EQ(nullptr, pool.next(choice, start));
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
    EXPECT_NE(nullptr, pool.next(choice, start));
    EXPECT_EQ(1U, pool.untried(choice));
    EXPECT_NE(nullptr, pool.next(choice, start));
    EXPECT_EQ(0U, pool.untried(choice));
    EXPECT_EQ(nullptr, pool.next(choice, start));
    EXPECT_EQ(nullptr, pool.next(choice, start));
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

TEST(backend_pool, forgets_a_failure_after_its_time)
{
    backend_pool pool = pool_of({1, 2});
    EXPECT_EQ(1, fail_next(pool, start));
    const time_point forgotten = start + backend_pool::failure_memory;
    EXPECT_EQ((ports{2, 1}), tries(pool, forgotten - 1ns));
    EXPECT_EQ((ports{1, 2}), tries(pool, forgotten));
}

TEST(backend_pool, serves_again_within_two_seconds_of_a_return)
{
    EXPECT_LT(backend_pool::failure_memory, 2s);
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
    EXPECT_NE(nullptr, pool.next(choice, start));
    EXPECT_NE(nullptr, pool.next(choice, start));
    pool.set_servers(servers_at({1}));
    EXPECT_EQ(0U, pool.untried(choice));
    EXPECT_EQ(nullptr, pool.next(choice, start));
}

TEST(backend_pool, leaves_a_server_to_the_session_that_connects_to_it)
{
    backend_pool pool = pool_of({1, 2});
    server_choice choice;
    const auto removed = pool.next(choice, start);
    const auto stays = pool.next(choice, start);
    pool.set_servers(servers_at({2, 3}));
    EXPECT_EQ("app1", removed->text);
    pool.failed(*removed, start);
    pool.failed(*stays, start);
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
