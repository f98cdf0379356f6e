// Endpoints as configured → addresses to bind or to connect to.
#pragma once

#include "config/settings.hpp"
#include "net/address.hpp"

#include <map>
#include <string>
#include <vector>

namespace ferrule::backends {

struct resolved {
    std::vector<net::address> addresses; ///< empty if `error` is set
    std::string error;                   ///< why not
};

/// Looks a host name up (getaddrinfo(3), so /etc/hosts and DNS; it may block for seconds);
/// everything else is only translated. Any thread.
resolved resolve(const config::endpoint& where);

/// True if a server of the backend has a name that has to be looked up.
bool has_names(const config::backend_settings& backend);

/// What was found for each endpoint, by its text.
using lookups = std::map<std::string, resolved>;

/// Resolves the servers of these backends, each endpoint once.
lookups resolve_servers(const std::vector<config::backend_settings>& backends);

} // namespace ferrule::backends
