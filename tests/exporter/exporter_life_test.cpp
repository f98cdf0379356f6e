// Limits, addresses and the end of the exporter. What it answers: exporter_test.cpp.
#include "exporter/exporter.hpp"
#include "exporter/raw_client.hpp"
#include "support/temporary_folder.hpp"

#include <sys/resource.h>

#include <gtest/gtest.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>
#include <vector>

namespace ferrule::exporter {
namespace {

using test::raw_client;
using namespace std::chrono_literals;

bool begins_with(const std::string& text, const std::string& start)
{
    return text.rfind(start, 0) == 0;
}

bool is_healthy(const std::string& answer)
{
    return begins_with(answer, "HTTP/1.1 200 OK\r\n") &&
           answer.find("\r\n\r\nok\n") + 7 == answer.size();
}

/// How long the exporter takes to end.
std::chrono::steady_clock::duration time_to_end(std::unique_ptr<exporter> served)
{
    const auto start = std::chrono::steady_clock::now();
    served.reset();
    return std::chrono::steady_clock::now() - start;
}

/// True if within ten seconds there is room for one more connection.
bool serves_one_more(std::uint16_t port)
{
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (std::chrono::steady_clock::now() < end) {
        try {
            auto next = raw_client::to_ip4(port);
            if (!next.hears_something_within(1) && is_healthy(next.get("/healthz")))
                return true;
        } catch (const std::system_error&) {
            // Closed while we were writing: there was no room.
        }
    }
    return false;
}

class exporter_life_test : public testing::Test {
protected:
    /// Some megabytes: more than the kernel takes off our hands.
    void make_the_answer_long()
    {
        for (int i = 0; i < 500; ++i)
            numbers.of_listener(0, "listener number " + std::to_string(i));
        ASSERT_GT(numbers.text().size(), 6U << 20);
    }

    metrics::registry numbers{1};
};

TEST_F(exporter_life_test, a_client_that_takes_too_long_is_let_go)
{
    const exporter served{numbers, "127.0.0.1", 0, false, {50ms, 64}};
    auto silent = raw_client::to_ip4(served.port());
    auto slow = raw_client::to_ip4(served.port());
    slow.send("GET /healthz HTTP/1.1\r\nHo");
    EXPECT_EQ(silent.rest(), "");
    EXPECT_EQ(slow.rest(), "");
}

TEST_F(exporter_life_test, a_client_that_does_not_read_its_answer_is_let_go)
{
    make_the_answer_long();

    const exporter served{numbers, "127.0.0.1", 0, false, {300ms, 1}};
    auto stuck = raw_client::to_ip4(served.port(), 4096);
    stuck.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    // Only one connection is served at once: the next one shows that the stuck one was let go.
    EXPECT_TRUE(serves_one_more(served.port()));
}

TEST_F(exporter_life_test, connections_above_the_limit_are_closed_and_room_is_used_again)
{
    const exporter served{numbers, "127.0.0.1", 0, false};
    std::vector<raw_client> clients;
    clients.reserve(100);
    for (int i = 0; i < 100; ++i)
        clients.push_back(raw_client::to_ip4(served.port()));
    // On the last 16 places, the oldest who says nothing gives way.
    for (std::size_t i = 48; i < 84; ++i)
        EXPECT_EQ(clients[i].rest(), "") << i;
    for (std::size_t i = 0; i < 48; ++i)
        EXPECT_TRUE(is_healthy(clients[i].get("/healthz"))) << i;
    for (std::size_t i = 84; i < 100; ++i)
        EXPECT_TRUE(is_healthy(clients[i].get("/healthz"))) << i;

    clients.front().send("GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n");
    clients.front().rest();
    clients.front().close();
    EXPECT_TRUE(serves_one_more(served.port()));
}

TEST_F(exporter_life_test, probes_are_answered_when_others_have_taken_every_place)
{
    const exporter served{numbers, "127.0.0.1", 0, false};
    std::vector<raw_client> others;
    others.reserve(64);
    for (int i = 0; i < 64; ++i) {
        others.push_back(raw_client::to_ip4(served.port()));
        others.back().send("GET /metrics HTTP/1.1\r\nHo");
    }
    for (const char* const target : {"/healthz", "/healthz", "/readyz"}) {
        const std::string answer = raw_client::to_ip4(served.port()).get(target);
        EXPECT_TRUE(begins_with(answer, "HTTP/1.1 ")) << target << answer;
        EXPECT_NE(answer.find("\r\nConnection: close\r\n"), answer.npos) << answer;
    }
    auto more = raw_client::to_ip4(served.port());
    EXPECT_TRUE(begins_with(more.get("/metrics"), "HTTP/1.1 503 Service Unavailable\r\n"));
    others.front().send("st: localhost\r\n\r\n");
    EXPECT_TRUE(begins_with(others.front().answer(), "HTTP/1.1 200 OK\r\n"));
}

TEST_F(exporter_life_test, it_serves_over_ip6)
{
    const exporter served{numbers, "::1", 0, false};
    EXPECT_TRUE(is_healthy(raw_client::to_ip6(served.port()).get("/healthz")));
}

TEST_F(exporter_life_test, it_serves_over_a_unix_socket_and_removes_the_file_at_the_end)
{
    const test::temporary_folder folder;
    const std::string path = folder / "metrics.sock";
    {
        const exporter served{numbers, path, 0, true};
        EXPECT_EQ(served.port(), 0);
        EXPECT_TRUE(is_healthy(raw_client::to_path(path).get("/healthz")));
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(exporter_life_test, a_socket_file_that_nobody_listens_on_is_replaced)
{
    const test::temporary_folder folder;
    const std::string path = folder / "metrics.sock";
    {
        // Bound and closed without removing the file, as a process that was killed leaves it.
        const int abandoned = socket(AF_UNIX, SOCK_STREAM, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        ASSERT_EQ(bind(abandoned, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        close(abandoned);
    }
    ASSERT_TRUE(std::filesystem::exists(path));
    const exporter served{numbers, path, 0, true};
    EXPECT_TRUE(is_healthy(raw_client::to_path(path).get("/healthz")));
}

TEST_F(exporter_life_test, a_socket_file_in_use_and_other_files_are_left_alone)
{
    const test::temporary_folder folder;
    const std::string path = folder / "metrics.sock";
    const exporter served{numbers, path, 0, true};
    EXPECT_THROW(exporter(numbers, path, 0, true), std::system_error);
    EXPECT_TRUE(is_healthy(raw_client::to_path(path).get("/healthz")));

    const std::string text = folder / "notes.txt";
    std::ofstream(text) << "keep me";
    EXPECT_THROW(exporter(numbers, text, 0, true), std::system_error);
    EXPECT_EQ(std::filesystem::file_size(text), 7u);
}

TEST_F(exporter_life_test, a_failure_to_listen_names_the_address_and_the_reason)
{
    const exporter first{numbers, "127.0.0.1", 0, false};
    const auto failure = [this](const std::string& host, std::uint16_t port, bool is_unix) {
        try {
            const exporter second{numbers, host, port, is_unix};
        } catch (const std::system_error& error) {
            return std::string(error.what());
        }
        return std::string("none");
    };
    EXPECT_EQ(failure("127.0.0.1", first.port(), false),
              "cannot listen on 127.0.0.1:" + std::to_string(first.port()) +
                  ": Address already in use");
    EXPECT_TRUE(
        begins_with(failure("2001:db8::1", 9, false), "cannot listen on [2001:db8::1]:9: "));
    EXPECT_TRUE(begins_with(failure("/nowhere/x", 0, true), "cannot listen on unix:/nowhere/x: "));
    EXPECT_TRUE(begins_with(failure(std::string(200, 'x'), 0, true), "cannot listen on unix:xxx"));
}

TEST_F(exporter_life_test, clients_that_wait_do_not_hold_up_the_end)
{
    auto served = std::make_unique<exporter>(numbers, "127.0.0.1", 0, false);
    auto idle = raw_client::to_ip4(served->port());
    EXPECT_TRUE(is_healthy(idle.get("/healthz")));
    auto half = raw_client::to_ip4(served->port());
    half.send("GET /met");
    EXPECT_LT(time_to_end(std::move(served)), 900ms);
    EXPECT_EQ(idle.rest(), "");
    EXPECT_EQ(half.rest(), "");
}

TEST_F(exporter_life_test, a_client_that_does_not_read_holds_up_the_end_for_a_second_at_most)
{
    make_the_answer_long();
    auto served = std::make_unique<exporter>(numbers, "127.0.0.1", 0, false);
    auto stuck = raw_client::to_ip4(served->port(), 4096);
    stuck.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    ASSERT_TRUE(stuck.hears_something_within(10'000));
    EXPECT_LT(time_to_end(std::move(served)), 3s);
}

TEST_F(exporter_life_test, without_descriptors_it_waits_without_spinning_and_then_serves)
{
    const exporter served{numbers, "127.0.0.1", 0, false};
    raw_client client{AF_INET};
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    const int next_free = dup(STDERR_FILENO);
    close(next_free);
    rlimit none_left = before;
    none_left.rlim_cur = static_cast<rlim_t>(next_free);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none_left), 0);

    const std::clock_t cpu_before = std::clock();
    client.connect_ip4(served.port());
    client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const bool heard = client.hears_something_within(400);
    const double cpu_seconds = static_cast<double>(std::clock() - cpu_before) / CLOCKS_PER_SEC;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);

    EXPECT_FALSE(heard);
    EXPECT_LT(cpu_seconds, 0.2);
    EXPECT_TRUE(is_healthy(client.answer()));
}

} // namespace
} // namespace ferrule::exporter
