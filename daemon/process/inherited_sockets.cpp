#include "process/inherited_sockets.hpp"

#include <systemd/sd-daemon.h>

#include <cstdlib>
#include <system_error>

namespace ferrule::process {

inherited_sockets inherited_sockets::from_environment()
{
    char** names = nullptr;
    const int count = sd_listen_fds_with_names(1, &names);
    if (count < 0)
        throw std::system_error(-count, std::generic_category(),
                                "the sockets that were passed on (LISTEN_FDS) cannot be taken");
    inherited_sockets result;
    for (int i = 0; i < count; ++i) {
        result.sockets_[names[i]].emplace_back(SD_LISTEN_FDS_START + i);
        std::free(names[i]); // NOLINT(cppcoreguidelines-no-malloc): as sd_listen_fds(3) asks
    }
    std::free(names); // NOLINT(cppcoreguidelines-no-malloc)
    return result;
}

std::vector<int> inherited_sockets::named(const std::string& name) const
{
    std::vector<int> found;
    if (const auto known = sockets_.find(name); known != sockets_.end()) {
        for (const net::descriptor& each : known->second)
            found.push_back(each.get());
    }
    return found;
}

std::vector<std::string> inherited_sockets::names() const
{
    std::vector<std::string> all;
    for (const auto& [name, ignored] : sockets_)
        all.push_back(name);
    return all;
}

} // namespace ferrule::process
