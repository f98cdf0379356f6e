#include "exporter/served_hosts.hpp"

#include <algorithm>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace ferrule::exporter {

namespace {

bool is_ip(int family, std::string_view text)
{
    in6_addr room{};
    return inet_pton(family, std::string(text).c_str(), &room) == 1;
}

char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

} // namespace

bool is_served_host(std::string_view field, const std::vector<std::string>& names)
{
    if (field.empty())
        return true;
    if (field.starts_with('[')) {
        const auto end = field.find(']');
        return end != field.npos && is_ip(AF_INET6, field.substr(1, end - 1));
    }
    std::string_view host = field.substr(0, field.find(':'));
    if (host.ends_with('.'))
        host.remove_suffix(1);
    const auto is_host = [&](std::string_view name) {
        return std::ranges::equal(host, name, {}, lower, lower);
    };
    return is_ip(AF_INET, host) || is_host("localhost") || std::ranges::any_of(names, is_host);
}

} // namespace ferrule::exporter
