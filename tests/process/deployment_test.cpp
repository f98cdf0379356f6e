#include "process/deployment.hpp"

#include "process/one_listener.hpp"
#include "support/loopback.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace ferrule::process {
namespace {

/// errno of a try to connect; 0 if it is taken.
int refusal_by(const net::address& where)
{
    const net::descriptor client{::socket(where.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)};
    return ::connect(client.get(), where.data(), where.size()) == 0 ? 0 : errno;
}

class deployments : public ::testing::Test {
protected:
    static constexpr int workers = 3;

    deployment::prepared prepare(const config::settings& settings)
    {
        return deployment_.prepare(settings, backends::resolve_servers(settings.backends));
    }

    /// What a start or reload does. The sockets are what the workers would hold.
    worker::worker_setup take_effect(const config::settings& settings)
    {
        deployment::prepared prepared = prepare(settings);
        deployment_.listen(prepared);
        deployment_.commit(prepared);
        return std::move(prepared.workers[0]);
    }

    metrics::registry numbers_{workers};
    deployment deployment_{numbers_, workers, inherited_sockets{}};
};

TEST_F(deployments, let_nobody_in_before_all_else_has_succeeded)
{
    deployment::prepared prepared = prepare(settings_with("127.0.0.1:0"));
    ASSERT_EQ(1u, prepared.bound.size());
    const net::address where = prepared.bound[0].socket.where();
    EXPECT_EQ(ECONNREFUSED, refusal_by(where));
    deployment_.listen(prepared);
    EXPECT_EQ(0, refusal_by(where));
    ASSERT_EQ(std::size_t{workers}, prepared.workers.size());
    for (const worker::worker_setup& each : prepared.workers) {
        ASSERT_EQ(1u, each.listeners.size());
        ASSERT_EQ(1u, each.listeners[0].fresh.size());
        EXPECT_EQ(where.text(), each.listeners[0].fresh[0].socket.where().text());
    }
}

TEST_F(deployments, keep_what_is_open)
{
    const config::settings settings = settings_with("127.0.0.1:0");
    const worker::worker_setup held = take_effect(settings);
    deployment::prepared again = prepare(settings);
    EXPECT_TRUE(again.bound.empty());
    EXPECT_TRUE(again.listening.empty());
    EXPECT_EQ(1u, again.open.size());
    const std::string& address = again.workers[0].listeners[0].addresses.at(0);
    EXPECT_TRUE(again.workers[0].listeners[0].keeps(address));
}

TEST_F(deployments, refuse_an_address_that_another_process_has)
{
    const worker::worker_setup held = take_effect(settings_with("127.0.0.1:0"));
    const std::string address = held.listeners[0].fresh[0].socket.where().text();
    deployment another{numbers_, workers, inherited_sockets{}};
    const config::settings settings = settings_with(address);
    try {
        another.prepare(settings, backends::resolve_servers(settings.backends));
        ADD_FAILURE() << "two processes listen on " << address;
    } catch (const std::exception& error) {
        EXPECT_EQ("cannot listen on " + address + ": Address already in use",
                  std::string{error.what()});
    }
}

TEST_F(deployments, may_call_their_own_port_by_another_name)
{
    const worker::worker_setup held = take_effect(settings_with("127.0.0.1:0"));
    const int port = held.listeners[0].fresh[0].socket.where().port();
    const worker::worker_setup more = take_effect(settings_with("0.0.0.0:" + std::to_string(port)));
    EXPECT_EQ(1u, more.listeners[0].fresh.size());
}

TEST_F(deployments, may_take_an_address_again_that_they_have_just_dropped)
{
    // The workers have not heard of it yet, and listen still.
    const worker::worker_setup first = take_effect(settings_with("127.0.0.1:0"));
    const std::string address = first.listeners[0].fresh[0].socket.where().text();
    const worker::worker_setup second = take_effect(settings_with("127.0.0.2:0"));
    const worker::worker_setup third = take_effect(settings_with(address));
    EXPECT_EQ(1u, third.listeners[0].fresh.size());
}

TEST_F(deployments, make_a_unix_socket_anew_whose_file_was_removed)
{
    const test::temporary_folder folder;
    const std::string path = folder / "web.sock";
    const config::settings settings = settings_with("unix:" + path);
    {
        const worker::worker_setup held = take_effect(settings);
        EXPECT_TRUE(prepare(settings).bound.empty()) << "it is there";
        std::filesystem::remove(path);
        const worker::worker_setup again = take_effect(settings);
        ASSERT_EQ(1u, again.listeners[0].fresh.size());
        EXPECT_FALSE(again.listeners[0].keeps("unix:" + path));
        EXPECT_EQ(0, refusal_by(net::address::unix_socket(path).value()));
        EXPECT_TRUE(prepare(settings).bound.empty()) << "it is there again";
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

} // namespace
} // namespace ferrule::process
