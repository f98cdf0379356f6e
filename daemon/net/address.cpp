#include "net/address.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>

namespace ferrule::net {

namespace {

/// "%eth0", or "%7" if there is no such interface any more.
std::string zone_text(std::uint32_t zone)
{
    if (zone == 0)
        return {};
    std::array<char, IF_NAMESIZE> name{};
    return "%" + (if_indextoname(zone, name.data()) != nullptr ? std::string(name.data())
                                                               : std::to_string(zone));
}

/// 0: there is no such interface.
std::uint32_t zone_of(const std::string& name)
{
    if (const unsigned found = if_nametoindex(name.c_str()); found != 0)
        return found;
    std::uint32_t number = 0;
    const auto done = std::from_chars(name.data(), name.data() + name.size(), number);
    std::array<char, IF_NAMESIZE> unused{};
    const bool is_there = done.ec == std::errc{} && done.ptr == name.data() + name.size() &&
                          if_indextoname(number, unused.data()) != nullptr;
    return is_there ? number : 0;
}

std::string ip_text(int family, const void* bytes, std::uint16_t port, std::uint32_t zone = 0)
{
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    if (inet_ntop(family, bytes, buffer.data(), buffer.size()) == nullptr)
        return "?";
    const std::string host = buffer.data() + zone_text(zone);
    return (family == AF_INET6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

} // namespace

address::address(const sockaddr_storage& from, socklen_t size) noexcept
    : storage_{from}, size_{size}
{
}

std::optional<address> address::ip(const std::string& host, std::uint16_t port)
{
    address result;
    auto* v4 = reinterpret_cast<sockaddr_in*>(&result.storage_);
    if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        result.size_ = sizeof(sockaddr_in);
        return result;
    }
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&result.storage_);
    const auto percent = host.find('%');
    if (inet_pton(AF_INET6, host.substr(0, percent).c_str(), &v6->sin6_addr) == 1) {
        if (percent != host.npos) {
            v6->sin6_scope_id = zone_of(host.substr(percent + 1));
            if (v6->sin6_scope_id == 0 || !IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr))
                return std::nullopt;
        }
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        result.size_ = sizeof(sockaddr_in6);
        return result;
    }
    return std::nullopt;
}

std::optional<address> address::unix_socket(const std::string& path)
{
    address result;
    auto* local = reinterpret_cast<sockaddr_un*>(&result.storage_);
    if (path.empty() || path.size() >= sizeof(local->sun_path))
        return std::nullopt;
    local->sun_family = AF_UNIX;
    std::memcpy(local->sun_path, path.data(), path.size());
    result.size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
    return result;
}

std::string address::text() const
{
    switch (family()) {
    case AF_INET: {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage_);
        return ip_text(AF_INET, &v4->sin_addr, ntohs(v4->sin_port));
    }
    case AF_INET6: {
        const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage_);
        return ip_text(AF_INET6, &v6->sin6_addr, ntohs(v6->sin6_port), v6->sin6_scope_id);
    }
    case AF_UNIX: {
        const auto* local = reinterpret_cast<const sockaddr_un*>(&storage_);
        if (size_ <= offsetof(sockaddr_un, sun_path) || local->sun_path[0] == '\0')
            return "unix";
        return std::string("unix:") + local->sun_path;
    }
    default: return "-";
    }
}

std::uint16_t address::port() const noexcept
{
    if (family() == AF_INET)
        return ntohs(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_port);
    if (family() == AF_INET6)
        return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_port);
    return 0;
}

bool address::has_same_ip(const address& as) const noexcept
{
    if (family() != as.family())
        return false;
    if (family() == AF_INET)
        return reinterpret_cast<const sockaddr_in*>(&storage_)->sin_addr.s_addr ==
               reinterpret_cast<const sockaddr_in*>(&as.storage_)->sin_addr.s_addr;
    return family() == AF_INET6 &&
           reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_scope_id ==
               reinterpret_cast<const sockaddr_in6*>(&as.storage_)->sin6_scope_id &&
           std::memcmp(&reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_addr,
                       &reinterpret_cast<const sockaddr_in6*>(&as.storage_)->sin6_addr,
                       sizeof(in6_addr)) == 0;
}

client_address::client_address(const sockaddr_storage& from) noexcept : family_{from.ss_family}
{
    if (from.ss_family == AF_INET) {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(&from);
        port_network_order_ = v4->sin_port;
        std::memcpy(bytes_, &v4->sin_addr, sizeof(v4->sin_addr));
    } else if (from.ss_family == AF_INET6) {
        const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&from);
        port_network_order_ = v6->sin6_port;
        std::memcpy(bytes_, &v6->sin6_addr, sizeof(v6->sin6_addr));
    }
}

std::string client_address::text() const
{
    if (family_ == AF_INET || family_ == AF_INET6)
        return ip_text(family_, bytes_, ntohs(port_network_order_));
    return "unix";
}

} // namespace ferrule::net
