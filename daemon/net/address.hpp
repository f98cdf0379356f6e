// Socket addresses as values: IPv4, IPv6, Unix.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>

struct sockaddr_storage;

namespace ferrule::net {

class address {
public:
    address() = default;

    /// Copies what the kernel filled in.
    address(const sockaddr_storage& from, socklen_t size) noexcept;

    /// A literal IPv4 or IPv6 address (without brackets) and a port; nullopt if it is not one. A
    /// zone behind a link-local one, and a '%', is the name or the number of an interface that
    /// there is (RFC 4007).
    static std::optional<address> ip(const std::string& host, std::uint16_t port);

    /// A Unix socket; nullopt if the path is empty or longer than the kernel takes (107 bytes).
    static std::optional<address> unix_socket(const std::string& path);

    const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
    socklen_t size() const noexcept { return size_; }
    int family() const noexcept { return storage_.ss_family; }
    bool is_unix() const noexcept { return family() == AF_UNIX; }

    /// "127.0.0.1:80", "[::1]:80", "[fe80::1%eth0]:80", "unix:/path"; "unix" for a peer without a
    /// path.
    std::string text() const;

    /// 0 for a Unix socket.
    std::uint16_t port() const noexcept;

    /// The same IP address, whatever the ports. False for Unix sockets.
    bool has_same_ip(const address& as) const noexcept;

private:
    sockaddr_storage storage_{};
    socklen_t size_ = 0;
};

/// The IP address of a client, kept small since each session has one.
class client_address {
public:
    client_address() = default;
    explicit client_address(const sockaddr_storage& from) noexcept;

    /// As address::text.
    std::string text() const;

private:
    std::uint16_t family_ = 0;
    std::uint16_t port_network_order_ = 0;
    unsigned char bytes_[16] = {};
};

} // namespace ferrule::net
