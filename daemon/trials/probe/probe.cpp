#include "trials/probe/probe.hpp"

#include "trials/probe/ask.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace ferrule::probe {

namespace {

std::string in_brackets(const target& where)
{
    const bool is_ip6 = where.host.find(':') != std::string::npos;
    return (is_ip6 ? "[" + where.host + "]" : where.host) + ":" + where.port;
}

/// In the system's order. Throws std::runtime_error with the resolver's reason.
std::vector<net::address> look_up(const target& where)
{
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* first = nullptr;
    if (const int error = getaddrinfo(where.host.c_str(), where.port.c_str(), &hints, &first);
        error != 0)
        throw std::runtime_error(gai_strerror(error));
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner{first, &freeaddrinfo};
    std::vector<net::address> addresses;
    for (const addrinfo* each = first; each != nullptr; each = each->ai_next) {
        sockaddr_storage storage{};
        std::memcpy(&storage, each->ai_addr, each->ai_addrlen);
        addresses.emplace_back(storage, each->ai_addrlen);
    }
    return addresses;
}

/// The first question finds the address to stay with: the first that takes a connection.
observed ask_first(const step& next, const request& asked, std::vector<net::address>& addresses)
{
    observed seen;
    while (true) {
        seen = ask(next, asked, addresses.front());
        if (seen.how_far != reached::nothing || addresses.size() == 1)
            return seen;
        addresses.erase(addresses.begin());
    }
}

bool is_refused(tls_version version, const std::vector<observed>& all)
{
    return std::ranges::any_of(all, [&](const observed& seen) {
        return seen.version == version && seen.how_far != reached::tls;
    });
}

} // namespace

findings run(const request& asked)
{
    const std::string name = in_brackets(asked.where);
    std::vector<net::address> addresses;
    try {
        addresses = look_up(asked.where);
    } catch (const std::runtime_error& failure) {
        findings none;
        none.target = name;
        none.error = "cannot look up " + asked.where.host + ": " + failure.what();
        return none;
    }
    std::vector<observed> all;
    for (const step& next : plan(asked)) {
        if (is_refused(next.version, all))
            continue;
        all.push_back(all.empty() ? ask_first(next, asked, addresses)
                                  : ask(next, asked, addresses.front()));
        if (all.back().how_far == reached::nothing)
            break;
    }
    findings found = find(name, addresses.front().text(), std::move(all));
    if (std::ranges::none_of(found.seen,
                             [](const observed& seen) { return seen.how_far == reached::tls; }))
        found.error = found.seen.front().trouble;
    return found;
}

} // namespace ferrule::probe
