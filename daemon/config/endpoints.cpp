#include "config/endpoints.hpp"

#include "yaml/plain_text.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <arpa/inet.h>
#include <net/if.h>
#include <sys/un.h>

namespace ferrule::config {

namespace {

using endpoints = yaml::parsed<std::vector<endpoint>>;
using kind = endpoint::kind;

constexpr std::size_t max_unix_path = sizeof(sockaddr_un::sun_path) - 1; // and the final NUL
constexpr std::size_t max_host_name = 253;                               // RFC 1035, section 2.3.4
constexpr std::size_t max_label = 63;
constexpr std::size_t max_fd_name = 255;

endpoints refused(std::string problem, std::string fix)
{
    return {{}, std::move(problem), std::move(fix)};
}

bool is_ip4(const std::string& host)
{
    in_addr address{};
    return ::inet_pton(AF_INET, host.c_str(), &address) == 1;
}

bool is_ip6(const std::string& host)
{
    in6_addr address{};
    return ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool is_digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

bool is_letter_or_digit(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || is_digit(letter);
}

/// "256.1.1.1" and "10.0.0" are slips of an address, not names.
bool looks_like_ip4(std::string_view host)
{
    return host.find_first_not_of("0123456789.") == host.npos;
}

endpoints unix_endpoint(std::string_view path)
{
    if (!path.starts_with('/'))
        return refused("has no absolute path", "such as unix:/run/name.sock");
    if (path.size() > max_unix_path)
        return refused("is longer than a Unix socket's path can be",
                       "at most " + std::to_string(max_unix_path) + " bytes");
    return {{{endpoint{kind::unix_socket, std::string(path), 0}}}, {}, {}};
}

/// The name of a socket that whoever started us has opened (sd_listen_fds_with_names(3)).
endpoints inherited_endpoint(std::string_view name, address_use use)
{
    const auto is_allowed = [](char letter) {
        return is_letter_or_digit(letter) || letter == '-' || letter == '_' || letter == '.';
    };
    if (use != address_use::listen)
        return refused("is a socket to listen on", "fd:NAME is for a listener's addresses only");
    if (name.empty() || name.size() > max_fd_name ||
        !std::all_of(name.begin(), name.end(), is_allowed))
        return refused("has no name of a socket behind 'fd:'",
                       "the FileDescriptorName= of a systemd socket unit, such as fd:web");
    return {{{endpoint{kind::inherited, std::string(name), 0}}}, {}, {}};
}

/// Of "localhost:8080/path"; a form of its own if there is no port.
std::string host_and_port(std::string_view behind_scheme)
{
    const std::string_view authority = behind_scheme.substr(0, behind_scheme.find_first_of("/?#"));
    const bool has_port = !authority.empty() && is_digit(authority.back());
    return has_port && authority.find(':') != authority.npos
               ? std::string(authority)
               : "the host and its port, such as localhost:8080";
}

yaml::parsed<std::uint16_t> parse_port(std::string_view digits, address_use use)
{
    const std::string range = use == address_use::connect ? "1 to 65535" : "0 to 65535";
    const yaml::parsed<std::uint64_t> port = yaml::parse_number(digits);
    if (!port.value)
        return {{}, "has a port that " + port.problem, port.fix.empty() ? range : port.fix};
    if (*port.value > 65535 || (*port.value == 0 && use == address_use::connect))
        return {{}, "has a port that is out of range", range};
    return {static_cast<std::uint16_t>(*port.value), {}, {}};
}

/// "eth0, wlan0": the interfaces of this machine.
std::string interfaces()
{
    std::string list;
    struct if_nameindex* const all = ::if_nameindex();
    for (const auto* each = all; each != nullptr && each->if_index != 0; ++each)
        list += (list.empty() ? "" : ", ") + std::string(each->if_name);
    if (all != nullptr)
        ::if_freenameindex(all);
    return list;
}

bool is_interface(const std::string& zone)
{
    std::array<char, IF_NAMESIZE> unused{};
    const yaml::parsed<std::uint64_t> number = yaml::parse_number(zone);
    return ::if_nametoindex(zone.c_str()) != 0 ||
           (number.value && *number.value <= std::numeric_limits<unsigned>::max() &&
            ::if_indextoname(static_cast<unsigned>(*number.value), unused.data()) != nullptr);
}

bool is_link_local(const std::string& address)
{
    in6_addr bytes{};
    return ::inet_pton(AF_INET6, address.c_str(), &bytes) == 1 && IN6_IS_ADDR_LINKLOCAL(&bytes);
}

/// What stood between brackets. Each interface has its own link-local addresses, so that one alone
/// says nothing of where it leads (RFC 4007).
endpoints ip6_endpoints(const std::string& host, std::uint16_t port)
{
    const auto percent = host.find('%');
    const std::string address = host.substr(0, percent);
    if (!is_ip6(address))
        return refused("has no IPv6 address between '[' and ']'", "such as [::1]:443");
    if (percent == host.npos && is_link_local(address))
        return refused("is a link-local address without its interface",
                       "write [" + address + "%NAME]:" + std::to_string(port) +
                           ", where NAME is one of: " + interfaces());
    if (percent != host.npos && !is_link_local(address))
        return refused("names an interface, which only a link-local address (fe80::) has",
                       "[" + address + "]:" + std::to_string(port));
    if (percent != host.npos && !is_interface(host.substr(percent + 1)))
        return refused("names an interface that is not there", "one of: " + interfaces());
    return {{{endpoint{kind::ip6, host, port}}}, {}, {}};
}

/// `host` as it stands before the port, brackets included.
endpoints ip_endpoints(std::string_view host, std::uint16_t port, address_use use)
{
    const std::string name(host);
    if (name.starts_with('[')) {
        return name.ends_with(']')
                   ? ip6_endpoints(name.substr(1, name.size() - 2), port)
                   : refused("has no IPv6 address between '[' and ']'", "such as [::1]:443");
    }
    if (is_ip6(name))
        return refused("needs brackets", "[" + name + "]:" + std::to_string(port));
    if (name == "*" && use == address_use::listen)
        return {{{endpoint{kind::ip4, "0.0.0.0", port}, endpoint{kind::ip6, "::", port, true}}},
                {},
                {}};
    if (is_ip4(name))
        return {{{endpoint{kind::ip4, name, port}}}, {}, {}};
    if (name.empty() || name == "*")
        return refused("has no host", use == address_use::listen
                                          ? "'*:" + std::to_string(port) + "' is every address"
                                          : "such as 127.0.0.1:" + std::to_string(port));
    if (looks_like_ip4(name))
        return refused("has no IPv4 address before its port", "four numbers from 0 to 255");
    if (!is_host_name(name))
        return refused("has no address or host name before its port",
                       "such as 127.0.0.1:443, [::1]:443 or localhost:443");
    if (use == address_use::metrics)
        return refused("is not an IP address or a Unix socket",
                       "such as 127.0.0.1:9464, or unix:/run/name.sock");
    return {{{endpoint{kind::name, name, port}}}, {}, {}};
}

} // namespace

bool is_host_name(std::string_view host)
{
    if (host.empty() || host.size() > max_host_name)
        return false;
    std::size_t label = 0;
    for (const char letter : host) {
        if (letter == '.' && label == 0)
            return false;
        label = letter == '.' ? 0 : label + 1;
        const bool is_allowed =
            is_letter_or_digit(letter) || letter == '-' || letter == '_' || letter == '.';
        if (label > max_label || !is_allowed)
            return false;
    }
    return true;
}

yaml::parsed<std::vector<endpoint>> parse_endpoints(std::string_view text, address_use use)
{
    constexpr std::string_view unix_prefix = "unix:";
    if (text.starts_with(unix_prefix))
        return unix_endpoint(text.substr(unix_prefix.size()));
    constexpr std::string_view inherited_prefix = "fd:";
    if (text.starts_with(inherited_prefix))
        return inherited_endpoint(text.substr(inherited_prefix.size()), use);
    if (text.starts_with('/'))
        return refused("is a path", "a Unix socket is written unix:/run/name.sock");

    if (const std::string list = yaml::as_list(text); !list.empty())
        return refused("is not one address", "each is an entry of its own: " + list);
    if (const auto scheme = text.find("://"); scheme != text.npos)
        return refused("is a URL", "write only " + host_and_port(text.substr(scheme + 3)));

    const auto colon = text.rfind(':');
    const auto bracket = text.rfind(']');
    const bool has_port = colon != text.npos && (bracket == text.npos || bracket < colon);
    if (is_ip6(std::string(text)))
        return refused("needs brackets and a port", "an IPv6 address is written [::1]:443");
    if (!has_port)
        return refused("has no port", "write it behind the host, such as localhost:443");
    const yaml::parsed<std::uint16_t> port = parse_port(text.substr(colon + 1), use);
    if (!port.value)
        return refused(port.problem, port.fix);
    return ip_endpoints(text.substr(0, colon), *port.value, use);
}

} // namespace ferrule::config
