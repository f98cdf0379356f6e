// What the demo's HTTP server answers (see demo_backend.hpp for the list).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <cstddef>

namespace ferrule::demo {

/// One client of the demo's server. Used on that server's thread only.
struct demo_connection {
    explicit demo_connection(boost::asio::ip::tcp::socket socket) : stream(std::move(socket))
    {
        input.reserve(most_input); // Beast reads as much at a time as there is room for
    }

    static constexpr std::size_t most_input = 64 * 1024;

    boost::beast::tcp_stream stream;
    boost::beast::flat_buffer input{most_input};
    bool is_idle = true; ///< nothing is lost if the connection is closed now
};

/// Answers one request after the other until either side ends. Throws boost::system::system_error
/// if the client goes away in between.
boost::asio::awaitable<void> serve_pages(demo_connection& peer);

} // namespace ferrule::demo
