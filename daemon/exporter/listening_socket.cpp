#include "exporter/listening_socket.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <system_error>

namespace ferrule::exporter {

namespace {

namespace asio = boost::asio;

/// A Unix socket of which the file is still there but the process is not. Anything that is not a
/// socket is left alone: it is more likely a mistake in the configuration.
bool is_abandoned_socket(const std::string& path)
{
    struct stat file {};
    if (lstat(path.c_str(), &file) != 0 || !S_ISSOCK(file.st_mode))
        return false;
    asio::io_context context;
    asio::local::stream_protocol::socket probe(context);
    probe.open();
    probe.non_blocking(true); // a server whose backlog is full is there, too: do not wait for it
    boost::system::error_code error;
    probe.connect(asio::local::stream_protocol::endpoint(path), error);
    return error == asio::error::connection_refused;
}

void listen_on_path(listening_socket& socket, const std::string& path)
{
    const asio::local::stream_protocol::endpoint place(path);
    socket.open(place.protocol());
    boost::system::error_code error;
    socket.bind(place, error);
    if (error == asio::error::address_in_use && is_abandoned_socket(path)) {
        unlink(path.c_str());
        socket.bind(place, error);
    }
    if (error)
        throw boost::system::system_error(error);
    socket.listen();
}

/// The port that was bound.
std::uint16_t listen_on_port(listening_socket& socket, const std::string& host, std::uint16_t port)
{
    asio::ip::tcp::endpoint place(asio::ip::make_address(host), port);
    socket.open(place.protocol());
    socket.set_option(asio::socket_base::reuse_address(true));
    socket.bind(place);
    socket.listen();
    const auto bound = socket.local_endpoint();
    std::memcpy(place.data(), bound.data(), bound.size());
    return place.port();
}

std::string address_text(const std::string& host, std::uint16_t port, bool unix_socket)
{
    if (unix_socket)
        return "unix:" + host;
    const bool ip6 = host.find(':') != std::string::npos;
    return (ip6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

} // namespace

std::uint16_t listen_on(listening_socket& socket, const std::string& host, std::uint16_t port,
                        bool unix_socket)
{
    try {
        if (!unix_socket)
            return listen_on_port(socket, host, port);
        listen_on_path(socket, host);
        return 0;
    } catch (const boost::system::system_error& error) {
        throw std::system_error(error.code(),
                                "cannot listen on " + address_text(host, port, unix_socket));
    }
}

} // namespace ferrule::exporter
