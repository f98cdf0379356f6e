// For tests of bounds: exact to the tick of the deadline wheel.
#pragma once

#include "session/world.hpp"

namespace ferrule::test {

/// `happened` becomes true when `bound` has passed from now on: not a tick before it, and at most
/// two ticks later (one is the wheel's, one that of noticing an acknowledgement).
template <typename Happened>
void expect_after(world& it, base::milliseconds bound, Happened happened)
{
    it.advance(bound - world::tick);
    EXPECT_FALSE(happened()) << "too early: before " << base::to_text(bound);
    it.advance(3 * world::tick);
    EXPECT_TRUE(happened()) << "too late: after " << base::to_text(bound);
}

/// The session is over then, not before.
inline void expect_over_after(world& it, base::milliseconds bound)
{
    expect_after(it, bound, [&] { return it.is_over(); });
}

/// A server whose queue is full: connections to it hang.
class silent_server {
public:
    silent_server() : listener_{make_tcp_socket(0)}
    {
        bind_to_loopback(listener_);
        if (::listen(listener_.get(), 0) != 0)
            fail("listen");
        const sockaddr_in where = loopback_port(port_of(listener_.get()));
        for (net::descriptor& each : waiting_) {
            each = make_tcp_socket(0);
            if (::connect(each.get(), reinterpret_cast<const sockaddr*>(&where), sizeof(where)) !=
                    0 &&
                errno != EINPROGRESS)
                fail("connect");
        }
    }

    backends::server as_server(metrics::server_counters& counters) const
    {
        return {"silent",
                net::address::ip("127.0.0.1", port_of(listener_.get())).value(),
                &counters,
                {}};
    }

private:
    net::descriptor listener_;
    std::array<net::descriptor, 3> waiting_;
};

} // namespace ferrule::test
