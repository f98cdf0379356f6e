#include "backends/resolve.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <cstring>

namespace ferrule::backends {

namespace asio = boost::asio;

resolved resolve(const config::endpoint& where)
{
    using kind = config::endpoint::kind;
    if (where.type == kind::unix_socket) {
        if (auto path = net::address::unix_socket(where.host); path.has_value())
            return {{*path}, {}};
        return {{}, "the path of a Unix socket has 1 to 107 bytes"};
    }
    if (where.type == kind::inherited)
        return {{}, "is a socket that was passed on, not an address"};
    if (where.type != kind::name) {
        if (auto ip = net::address::ip(where.host, where.port); ip.has_value())
            return {{*ip}, {}};
        return {{}, "not an IP address"};
    }
    asio::io_context io;
    asio::ip::tcp::resolver resolver{io};
    boost::system::error_code error;
    const auto found = resolver.resolve(where.host, std::to_string(where.port), error);
    resolved result;
    if (error)
        result.error = error.message();
    for (const auto& entry : found) {
        sockaddr_storage storage{};
        std::memcpy(&storage, entry.endpoint().data(), entry.endpoint().size());
        result.addresses.emplace_back(storage, static_cast<socklen_t>(entry.endpoint().size()));
    }
    return result;
}

bool has_names(const config::backend_settings& backend)
{
    return std::ranges::any_of(backend.servers, [](const config::endpoint& each) {
        return each.type == config::endpoint::kind::name;
    });
}

lookups resolve_servers(const std::vector<config::backend_settings>& backends)
{
    lookups found;
    for (const config::backend_settings& backend : backends) {
        for (const config::endpoint& each : backend.servers) {
            const std::string text = each.text();
            if (!found.contains(text))
                found.emplace(text, resolve(each));
        }
    }
    return found;
}

} // namespace ferrule::backends
