// Sessions that find no server, or not at once.
#pragma once

#include "session/timing.hpp"
#include "session/told.hpp"

namespace ferrule::test {

/// A port that nobody listens on, kept for as long as this lives.
class refusing_server {
public:
    refusing_server() : socket_{make_tcp_socket(0)} { bind_to_loopback(socket_); }

    backends::server as_server(metrics::server_counters& counters) const
    {
        const auto port = port_of(socket_.get());
        return {"refusing", net::address::ip("127.0.0.1", port).value(), &counters, {}};
    }

private:
    net::descriptor socket_;
};

inline void expect_reset_without_backend(world& it, const char* ending, const char* detail)
{
    ASSERT_TRUE(it.finish(20ms));
    EXPECT_EQ(ending, ending_of(it.told()));
    EXPECT_EQ(detail, it.told().detail.view());
    EXPECT_EQ("", it.told().server.view());
    EXPECT_TRUE(it.client.saw_reset());
    EXPECT_FALSE(it.client.saw_close_notify());
    EXPECT_FALSE(it.client.saw_fin()) << "a FIN would be an empty answer";
    EXPECT_EQ(0U, it.counters.sessions_open.get());
}

inline void greet(world& it)
{
    it.connect();
    it.client.shake_hands("request");
    it.settle();
}

} // namespace ferrule::test
