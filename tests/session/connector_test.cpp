// The way to a server, without a client that speaks or a relay behind it. Whole sessions on this
// way are in connecting_test.cpp and retrying_test.cpp.

#include "session/connector.hpp"
#include "session/parts.hpp"
#include "session/raw_peer.hpp"

namespace ferrule::session {
namespace {

using namespace std::chrono_literals;
using ending::cause;
using ending::phase;
using test::session_parts;

/// A listening socket on loopback.
struct listening {
    listening() : socket{test::make_tcp_socket(0)}
    {
        test::bind_to_loopback(socket);
        if (::listen(socket.get(), 4) != 0)
            test::fail("listen");
        port = test::port_of(socket.get());
    }

    net::descriptor socket;
    std::uint16_t port = 0;
};

struct way_to_a_server : session_parts {
    /// In the phase `connecting`, with these ports to go to.
    void begin(std::initializer_list<std::uint16_t> ports)
    {
        std::vector<backends::server> servers;
        for (const std::uint16_t port : ports)
            servers.push_back({std::to_string(port),
                               net::address::ip("127.0.0.1", port).value(),
                               &server_counters_,
                               {}});
        pool_->set_servers(std::move(servers));
        client_ = adopt(ending::side::client, test::make_tcp_connection());
        ending::handshake_done(state_->facts);
        state_->bounds.begin(ending::patience::connect, start + profile_.timeouts.connect);
    }

    phase at() const { return ending::phase_of(state_->facts); }

    /// Goes on whenever an event says so, until the phase is over.
    void go_on()
    {
        it.go_on();
        ASSERT_TRUE(until([&] {
            it.go_on();
            return at() != phase::connecting || !backend_peer().socket().is_open();
        }));
    }

    connector it{*state_};
};

TEST_F(way_to_a_server, ends_at_the_one_that_takes_the_connection)
{
    const listening server;
    begin({server.port});
    go_on();
    EXPECT_EQ(phase::relaying, at());
    EXPECT_EQ(1U, server_counters_.connects.get());
    EXPECT_EQ(std::to_string(server.port), told().server.view());
    EXPECT_EQ(bounds::never, state_->bounds.attempt);
    EXPECT_EQ(start + 1s, state_->bounds.watch);
}

TEST_F(way_to_a_server, goes_past_one_that_refuses)
{
    const listening server;
    std::uint16_t closed = 0;
    {
        const listening gone;
        closed = gone.port;
    }
    begin({closed, server.port});
    for (int i = 0; i < 4 && at() == phase::connecting; ++i)
        go_on();
    EXPECT_EQ(phase::relaying, at());
    EXPECT_EQ(1U, server_counters_.connect_failures.get());
    EXPECT_EQ("", told().detail.view());
}

TEST_F(way_to_a_server, begins_anew_after_a_pause_that_grows)
{
    begin({});
    it.go_on();
    EXPECT_EQ(start + 20ms, state_->bounds.attempt);
    pass(20ms);
    it.go_on();
    EXPECT_EQ(start + 60ms, state_->bounds.attempt);
    EXPECT_EQ(phase::connecting, at());
}

TEST_F(way_to_a_server, ends_with_the_time_for_it)
{
    begin({});
    it.go_on();
    pass(profile_.timeouts.connect);
    it.go_on();
    EXPECT_EQ(cause::no_backend, state_->facts.first);
    EXPECT_EQ("no server has an address", told().detail.view());
}

TEST_F(way_to_a_server, ends_with_a_client_that_resets_its_connection)
{
    begin({});
    client_.reset();
    ASSERT_TRUE(until([&] { return client_peer().socket().has_failed(); }));
    it.go_on();
    EXPECT_EQ(cause::client_reset, state_->facts.first);
    EXPECT_EQ(1U, counters_.resets[0][0].get());
}

TEST_F(way_to_a_server, leaves_nothing_behind_when_it_is_stopped)
{
    const listening server;
    begin({server.port});
    it.go_on();
    it.stop();
    EXPECT_FALSE(backend_peer().socket().is_open());
    EXPECT_EQ(bounds::never, state_->bounds.attempt);
    EXPECT_EQ(0U, server_counters_.connect_failures.get()) << "it says nothing of the server";
}

} // namespace
} // namespace ferrule::session
