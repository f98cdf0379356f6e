// Addresses as configuration writes them.
#pragma once

#include "config/scalars.hpp"
#include "config/settings.hpp"

#include <string_view>
#include <vector>

namespace ferrule::config {

/// What an address is for decides what it may be.
enum class address_use {
    listen,  ///< "*:443" is allowed and means two endpoints; port 0 lets the kernel choose
    connect, ///< a port is needed
    metrics, ///< no host names, and no "*"
};

/// "127.0.0.1:80", "[::1]:80", "name:80", "unix:/path", and for `listen` also "*:80" and "fd:name".
/// Looks nothing up.
parsed<std::vector<endpoint>> parse_endpoints(std::string_view text, address_use use);

} // namespace ferrule::config
