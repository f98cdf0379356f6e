#include "metrics/exposition.hpp"
#include "metrics/registry.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace ferrule::metrics {
namespace {

using test::count_of;
using test::value_of;

TEST(registry, a_block_is_the_same_at_every_call)
{
    registry numbers{2};
    EXPECT_EQ(&numbers.of_listener(0, "web"), &numbers.of_listener(0, "web"));
    EXPECT_EQ(&numbers.of_server(1, "app", "127.0.0.1:80"),
              &numbers.of_server(1, "app", "127.0.0.1:80"));
    EXPECT_EQ(&numbers.of_worker(1), &numbers.of_worker(1));
}

TEST(registry, each_worker_listener_and_server_has_a_block_of_its_own)
{
    registry numbers{2};
    EXPECT_NE(&numbers.of_listener(0, "web"), &numbers.of_listener(1, "web"));
    EXPECT_NE(&numbers.of_listener(0, "web"), &numbers.of_listener(0, "mail"));
    EXPECT_NE(&numbers.of_server(0, "app", "a:1"), &numbers.of_server(0, "app", "a:2"));
    EXPECT_NE(&numbers.of_server(0, "app", "a:1"), &numbers.of_server(0, "other", "a:1"));
}

TEST(registry, a_scrape_adds_up_the_workers)
{
    registry numbers{3};
    numbers.of_listener(0, "web").sessions_started.add(5);
    numbers.of_listener(2, "web").sessions_started.add(7);
    numbers.of_listener(1, "mail").sessions_started.add(1);
    const std::string text = numbers.text();
    EXPECT_EQ(value_of(text, R"(ferrule_sessions_started_total{listener="web"})"), 12);
    EXPECT_EQ(value_of(text, R"(ferrule_sessions_started_total{listener="mail"})"), 1);
}

TEST(registry, blocks_of_two_workers_share_no_cache_line)
{
    registry numbers{2};
    const auto first = reinterpret_cast<std::uintptr_t>(&numbers.of_worker(0));
    const auto second = reinterpret_cast<std::uintptr_t>(&numbers.of_worker(1));
    EXPECT_GE(first > second ? first - second : second - first, 64u);
    EXPECT_EQ(first % 64, 0u);
}

TEST(registry, a_certificate_is_replaced_and_forgotten)
{
    registry numbers{1};
    numbers.set_certificate("web", {"CN=a", "01", 1000});
    numbers.set_certificate("web", {"CN=b", "02", 2000});
    const std::string series = "ferrule_certificate_expiry_timestamp_seconds";
    std::string text = numbers.text();
    EXPECT_EQ(count_of(text, series + "{"), 1);
    EXPECT_EQ(value_of(text, series + R"({listener="web",subject="CN=b",serial="02"})"), 2000);

    numbers.forget_certificate("web");
    EXPECT_EQ(count_of(numbers.text(), series + "{"), 0);
}

TEST(registry, workers_count_while_others_register_and_scrape)
{
    constexpr int rounds = 20'000;
    registry numbers{2};
    const auto count = [&numbers](int worker) {
        auto& listener = numbers.of_listener(worker, "web");
        for (int i = 0; i < rounds; ++i) {
            listener.sessions_open.add();
            listener.handshake_seconds.observe(0.003);
            listener.sessions_open.subtract();
        }
    };
    std::thread first(count, 0);
    std::thread second(count, 1);
    for (int i = 0; i < 5; ++i) {
        numbers.of_listener(i % 2, "listener " + std::to_string(i));
        EXPECT_FALSE(numbers.text().empty());
    }
    first.join();
    second.join();

    const std::string text = numbers.text();
    EXPECT_EQ(value_of(text, R"(ferrule_handshake_seconds_count{listener="web"})"), 2 * rounds);
    EXPECT_EQ(value_of(text, R"(ferrule_sessions_open{listener="web"})"), 0);
}

TEST(registry_death_test, a_worker_that_does_not_exist_is_a_fault_of_ours)
{
    registry numbers{1};
    EXPECT_DEATH(numbers.of_worker(1), "below the number of workers");
}

bool has(const registry& numbers, const std::string& label)
{
    return numbers.text().find(label) != std::string::npos;
}

TEST(registry, forgets_the_series_of_what_is_not_configured_any_more)
{
    registry numbers{2};
    numbers.of_listener(0, "old").sessions_started.add(3);
    numbers.of_listener(1, "new");
    numbers.of_server(0, "app", "10.0.0.1:80").connects.add(5);
    numbers.of_server(1, "app", "10.0.0.2:80");
    numbers.keep_only({"new"}, {{"app", "10.0.0.2:80"}});
    EXPECT_FALSE(has(numbers, "\"old\""));
    EXPECT_FALSE(has(numbers, "10.0.0.1:80"));
    EXPECT_TRUE(has(numbers, "listener=\"new\""));
    EXPECT_TRUE(has(numbers, "10.0.0.2:80"));

    numbers.keep_only({"old", "new"}, {{"app", "10.0.0.1:80"}, {"app", "10.0.0.2:80"}});
    EXPECT_TRUE(has(numbers, "ferrule_sessions_started_total{listener=\"old\"} 3\n"));
    EXPECT_TRUE(has(numbers, "server=\"10.0.0.1:80\",result=\"ok\"} 5\n"));
}

TEST(registry, keeps_the_series_of_a_listener_until_its_sessions_have_ended_and_been_read)
{
    registry numbers{1};
    numbers.of_listener(0, "old").sessions_open.add();
    numbers.keep_only({}, {});
    EXPECT_TRUE(has(numbers, "listener=\"old\""));
    numbers.of_listener(0, "old").sessions_open.subtract();
    EXPECT_TRUE(has(numbers, "listener=\"old\"")) << "what the last one has counted is to be read";
    numbers.keep_only({}, {});
    EXPECT_FALSE(has(numbers, "listener=\"old\""));

    numbers.of_listener(0, "old").sessions_open.add(); // accepted before the worker had heard
    EXPECT_TRUE(has(numbers, "listener=\"old\""));
}

} // namespace
} // namespace ferrule::metrics
