// The socket on which the exporter accepts.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include <cstdint>
#include <string>

namespace ferrule::exporter {

/// One type of socket for TCP and Unix sockets alike.
using stream_protocol = boost::asio::generic::stream_protocol;
using listening_socket = boost::asio::basic_socket_acceptor<stream_protocol>;

/// Opens, binds and listens. `host` is an IP address, or the path of a Unix socket when
/// `unix_socket`; a socket file that nobody listens on any more is replaced. Returns the port that
/// was bound (0 for a Unix socket). Throws std::system_error with the address in its text.
std::uint16_t listen_on(listening_socket& socket, const std::string& host, std::uint16_t port,
                        bool unix_socket);

} // namespace ferrule::exporter
