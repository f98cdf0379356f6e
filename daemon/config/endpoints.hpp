// Addresses as configuration writes them.
#pragma once

#include "config/settings.hpp"
#include "yaml/scalars.hpp"

#include <string_view>
#include <vector>

namespace ferrule::config {

/// What an address is for decides what it may be.
enum class address_use {
    listen,  ///< "*:443" is allowed and means two endpoints; port 0 lets the kernel choose
    connect, ///< a port is needed
    metrics, ///< no host names, and no "*"
};

/// 1 to 253 bytes, in labels of at most 63 (RFC 1035, section 2.3.4); '_' is taken as well.
bool is_host_name(std::string_view host);

/// "127.0.0.1:80", "[::1]:80", "[fe80::1%eth0]:80", "name:80", "unix:/path", and for `listen` also
/// "*:80" and "fd:name". Looks nothing up but whether there is such an interface.
yaml::parsed<std::vector<endpoint>> parse_endpoints(std::string_view text, address_use use);

} // namespace ferrule::config
