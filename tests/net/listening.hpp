// What tests of listening sockets share.
#pragma once

#include "net/listening_socket.hpp"
#include "support/loopback.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace ferrule::test {

inline net::address some_port(const char* host = "127.0.0.1")
{
    return net::address::ip(host, 0).value();
}

inline far_end connect_to(const net::address& where)
{
    net::descriptor client{::socket(where.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (::connect(client.get(), where.data(), where.size()) != 0)
        fail("connect");
    return far_end{std::move(client)};
}

inline net::accepted_socket accept_one(net::listening_socket& listener)
{
    EXPECT_TRUE(is_ready(listener.native(), POLLIN));
    return listener.accept();
}

} // namespace ferrule::test
