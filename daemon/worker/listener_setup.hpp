// A listener as a worker is told of it.
#pragma once

#include "net/listening_socket.hpp"
#include "session/surroundings.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace ferrule::worker {

/// Sockets that the worker has already (by their configured address) stay open, unless a fresh one
/// comes for the same address; fresh ones listen.
struct listener_setup {
    struct fresh_socket {
        std::string address;
        net::listening_socket socket;
    };
    std::shared_ptr<const session::profile> profile;
    std::vector<std::string> addresses; ///< as configured
    std::vector<fresh_socket> fresh;

    /// True if what is open at this address is to stay.
    bool keeps(const std::string& address) const
    {
        return std::ranges::find(addresses, address) != addresses.end() &&
               std::ranges::find(fresh, address, &fresh_socket::address) == fresh.end();
    }
};

} // namespace ferrule::worker
