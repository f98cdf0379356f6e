#include "net/local_ports.hpp"

#include <fstream>
#include <sstream>

namespace ferrule::net {

port_range port_range_of(const std::string& text)
{
    std::istringstream from{text};
    port_range range;
    if (from >> range.first >> range.last && range.first <= range.last)
        return range;
    return {};
}

port_range local_ports()
{
    std::ifstream from{"/proc/sys/net/ipv4/ip_local_port_range"};
    std::string line;
    std::getline(from, line);
    return port_range_of(line);
}

} // namespace ferrule::net
