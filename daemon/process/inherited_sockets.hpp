// Listening sockets that whoever started us has opened already: systemd's socket activation.
#pragma once

#include "net/descriptor.hpp"

#include <map>
#include <string>
#include <vector>

namespace ferrule::process {

/// Holds what was passed on, for the life of the process: a reload may drop an address and take it
/// again. Main thread only.
class inherited_sockets {
public:
    /// Nothing.
    inherited_sockets() = default;

    /// What sd_listen_fds_with_names(3) finds, once for a process: it is taken out of the
    /// environment. Several sockets may have one name (a socket unit with several ListenStream=).
    /// Throws std::system_error if the environment makes no sense.
    static inherited_sockets from_environment();

    /// The sockets of this name; empty if there is none. They stay ours.
    std::vector<int> named(const std::string& name) const;

    /// Every name that was passed, once.
    std::vector<std::string> names() const;

private:
    std::map<std::string, std::vector<net::descriptor>> sockets_;
};

} // namespace ferrule::process
