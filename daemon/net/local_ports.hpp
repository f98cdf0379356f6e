// The ports that the kernel gives to connections of ours.
#pragma once

#include <cstdint>
#include <string>

namespace ferrule::net {

struct port_range {
    std::uint16_t first = 0;
    std::uint16_t last = 65535;

    bool contains(std::uint16_t port) const noexcept { return first <= port && port <= last; }
};

/// "32768\t60999\n" of /proc/sys/net/ipv4/ip_local_port_range (ip(7); IPv6 uses it, too). All ports
/// if it does not say a range.
port_range port_range_of(const std::string& text);

/// As the kernel says now. All ports if it cannot be asked.
port_range local_ports();

} // namespace ferrule::net
