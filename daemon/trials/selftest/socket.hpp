// A peer's TCP socket, with which `ferrule selftest` sees FIN and RST apart, and makes them.
#pragma once

#include "base/time.hpp"
#include "trials/selftest/sighting.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ferrule::selftest {

/// Blocks, but never for longer than it is told. One thread.
class selftest_socket {
public:
    explicit selftest_socket(boost::asio::io_context& io) : socket_{io} {}

    /// To 127.0.0.1, with SO_RCVBUF if that is above 0. Throws boost::system::system_error.
    void connect(std::uint16_t port, int receive_buffer = 0);

    /// Takes the next connection; false if none came until `until`.
    bool accept(boost::asio::ip::tcp::acceptor& from, base::time_point until);

    /// False if the connection takes no more (it is reset, or it took nothing for a second).
    bool send(std::span<const std::byte> bytes);

    /// Our own ends. What fails means that the peer was quicker, and is no error.
    void finish(); ///< FIN
    void reset();  ///< RST; the socket is closed

    /// What came until `until`: bytes, or an end (then `end()` changes), or nothing.
    std::span<const std::byte> receive(base::time_point until);

    /// Takes no bytes until the connection is reset, or `until`.
    void wait_without_reading(base::time_point until);

    /// After a FIN: looks whether a reset followed, and waits for one until `until`.
    void look_for_reset(base::time_point until);

    seen_end end() const noexcept { return end_; }

private:
    bool wait(short what, base::time_point until, short& got);

    boost::asio::ip::tcp::socket socket_;
    seen_end end_ = seen_end::nothing;
    bool is_broken_ = false; ///< a write has failed
    std::vector<std::byte> room_ = std::vector<std::byte>(65536);
};

} // namespace ferrule::selftest
