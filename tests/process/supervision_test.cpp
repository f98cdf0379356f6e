#include "process/supervision.hpp"

#include "process/stand_ins.hpp"
#include "support/loopback.hpp"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ferrule::process {
namespace {

using namespace std::chrono_literals;
using texts = std::vector<std::string>;

/// The service manager's end of the protocol of sd_notify(3).
class notify_socket {
public:
    notify_socket() : descriptor_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)}
    {
        const std::string path = folder_ / "notify";
        sockaddr_un where{};
        where.sun_family = AF_UNIX;
        path.copy(where.sun_path, sizeof(where.sun_path) - 1);
        if (::bind(descriptor_.get(), reinterpret_cast<const sockaddr*>(&where), sizeof(where)) !=
            0)
            test::fail("bind");
        ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    }
    ~notify_socket() { ::unsetenv("NOTIFY_SOCKET"); }
    notify_socket(const notify_socket&) = delete;
    notify_socket& operator=(const notify_socket&) = delete;

    /// The next message, with a space for each end of a line; empty if none is there.
    std::string next()
    {
        std::array<char, 4096> bytes{};
        const ssize_t size = ::recv(descriptor_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        std::string text(bytes.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
        std::ranges::replace(text, '\n', ' ');
        return text;
    }

    /// The same, and waits for it: empty if none comes.
    std::string wait_for_next() { return test::is_ready(descriptor_.get(), POLLIN) ? next() : ""; }

    /// All that has come by now.
    texts all()
    {
        texts result;
        for (std::string each = next(); !each.empty(); each = next())
            result.push_back(each);
        return result;
    }

private:
    test::temporary_folder folder_;
    net::descriptor descriptor_;
};

class supervising : public ::testing::Test {
protected:
    supervising() { numbers_.process().ready = true; }

    void begin_drain()
    {
        numbers_.process().draining = true;
        cut_in_ = 32500ms;
        supervision_.stopping();
    }

    notify_socket manager_;
    metrics::registry numbers_{1};
    kept_log log_{numbers_};
    manual_loop loop_;
    std::optional<base::milliseconds> cut_in_;
    supervision supervision_{loop_, numbers_, log_.log(), [this] { return cut_in_; }};
    const std::string calm_ = "0 sessions open (0 half-closed, 0 closing)";
};

TEST_F(supervising, says_that_it_is_ready_and_how_it_is_each_five_seconds)
{
    supervision_.ready();
    EXPECT_EQ((texts{"READY=1 STATUS=ready: " + calm_}), manager_.all());
    loop_.pass(4999ms);
    EXPECT_TRUE(manager_.all().empty());
    loop_.pass(1ms);
    EXPECT_EQ((texts{"STATUS=ready: " + calm_}), manager_.all());
    loop_.pass(10s);
    EXPECT_EQ(2U, manager_.all().size());
}

TEST_F(supervising, says_when_a_reload_begins_and_ends)
{
    supervision_.reloading();
    const std::string begun = manager_.next();
    EXPECT_TRUE(begun.starts_with("RELOADING=1 MONOTONIC_USEC=")) << begun;
    numbers_.process().last_reload_ok = false;
    supervision_.reloaded();
    EXPECT_EQ((texts{"READY=1 STATUS=ready: " + calm_ + "; the last reload failed"}),
              manager_.all());
}

TEST_F(supervising, asks_for_more_time_each_second_of_a_drain)
{
    supervision_.ready();
    manager_.all();
    begin_drain();
    const std::string status = "STATUS=draining: " + calm_ + ", cut in ";
    EXPECT_EQ((texts{"STOPPING=1 " + status + "32s", "EXTEND_TIMEOUT_USEC=15000000"}),
              manager_.all());
    cut_in_ = 31500ms;
    loop_.pass(1s);
    EXPECT_EQ((texts{status + "31s", "EXTEND_TIMEOUT_USEC=15000000"}), manager_.all());
    cut_in_ = -500ms;
    loop_.pass(1s);
    EXPECT_EQ(status + "0s", manager_.next());
}

TEST_F(supervising, is_not_ready_again_when_a_reload_ends_in_a_drain)
{
    begin_drain();
    manager_.all();
    supervision_.reloaded();
    EXPECT_TRUE(manager_.all().empty());
}

TEST_F(supervising, is_alive_if_the_service_manager_wants_to_know)
{
    ::setenv("WATCHDOG_USEC", "3000", 1);
    supervision_.watch({[](const std::function<void()>& answer) { answer(); }});
    ::unsetenv("WATCHDOG_USEC");
    EXPECT_EQ("WATCHDOG=1", manager_.wait_for_next());
    EXPECT_EQ("WATCHDOG=1", manager_.wait_for_next());
    supervision_.stop_watching();
    manager_.all();
    EXPECT_TRUE(manager_.all().empty());
}

TEST_F(supervising, says_once_that_workers_which_were_stuck_serve_again)
{
    numbers_.process().stuck = true;
    ::setenv("WATCHDOG_USEC", "3000", 1);
    supervision_.watch({[](const std::function<void()>& answer) { answer(); }});
    ::unsetenv("WATCHDOG_USEC");
    manager_.wait_for_next();
    manager_.wait_for_next();
    supervision_.stop_watching();
    EXPECT_FALSE(numbers_.process().stuck);
    EXPECT_EQ((texts{"warning all workers serve again"}), log_.lines());
}

TEST(supervising_nobody, sets_no_timer)
{
    ::unsetenv("NOTIFY_SOCKET");
    metrics::registry numbers{1};
    kept_log log{numbers};
    manual_loop loop;
    supervision none{loop, numbers, log.log(), [] { return std::nullopt; }};
    none.ready();
    EXPECT_FALSE(loop.is_anything_set());
}

} // namespace
} // namespace ferrule::process
