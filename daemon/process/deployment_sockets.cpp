// Settings → sockets: what is open already stays open, and what is new is bound before anything
// else changes.

#include "process/deployment.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace ferrule::process {

namespace {

/// How an address is known over reloads. A port that the kernel chooses is the listener's own.
std::string key_of(const config::listener_settings& listener, const config::endpoint& where)
{
    return where.has_port_of_kernel() ? listener.name + " " + where.text() : where.text();
}

/// "web, admin", or "none was".
std::string list_of(const std::vector<std::string>& names)
{
    std::string list;
    for (const std::string& each : names)
        list += (list.empty() ? "" : ", ") + each;
    return list.empty() ? "none was" : list;
}

/// The kernel was started without IPv6, or it is switched off on all interfaces.
bool is_without_ip6(const std::system_error& error, const net::address& where)
{
    const std::string text = where.text();
    const bool is_everywhere = text.starts_with("[::]:") || text.starts_with("[::1]:");
    return error.code().value() == EAFNOSUPPORT ||
           (error.code().value() == EADDRNOTAVAIL && is_everywhere);
}

} // namespace

/// One socket for each address that `where` stands for.
std::vector<net::listening_socket> deployment::open(const config::listener_settings& listener,
                                                    const config::endpoint& where,
                                                    std::vector<std::string>& warnings) const
{
    const net::keepalive when = session::client_keepalive(listener.timeouts);
    const auto fail = [&](const std::string& why) {
        throw std::runtime_error("listener " + listener.name + ": " + where.text() + ": " + why);
    };
    std::vector<net::listening_socket> opened;
    if (where.type == config::endpoint::kind::inherited) {
        for (const int each : inherited_.named(where.host)) {
            try {
                opened.push_back(net::listening_socket::share(each, when));
            } catch (const std::system_error& error) {
                fail(error.what());
            }
        }
        if (opened.empty())
            fail("no socket of this name was passed on (" + list_of(inherited_.names()) + ")");
        return opened;
    }
    const backends::resolved found = backends::resolve(where);
    if (found.addresses.empty())
        fail(found.error);
    for (const net::address& each : found.addresses) {
        try {
            opened.push_back(
                net::listening_socket::bound(each, listener.backlog, when, use_of(each)));
        } catch (const std::system_error& error) {
            // "*", and names such as localhost, mean both families, also where there is but one.
            const bool has_another = where.is_optional || found.addresses.size() > 1;
            if (!has_another || each.family() != AF_INET6 || !is_without_ip6(error, each))
                throw;
            warnings.push_back("listener=" + listener.name + " address=" + each.text() +
                               ": not listened on, since this machine has no IPv6");
        }
    }
    if (opened.empty() && !where.is_optional)
        fail("no address of it is one of this machine's");
    return opened;
}

/// On a port of our own another address may be wanted now, or the same one by another name, while
/// what listens there goes on until the workers have heard of the change.
net::port_use deployment::use_of(const net::address& where) const
{
    const auto has_port = [&where](const net::address& each) {
        return !where.is_unix() && !each.is_unix() && each.port() == where.port();
    };
    const bool is_ours = std::ranges::any_of(closing_, has_port) ||
                         std::ranges::any_of(open_, [&](const auto& open) {
                             return std::ranges::any_of(open.second.bound, has_port);
                         });
    return is_ours ? net::port_use::shared : net::port_use::alone;
}

/// False for a Unix socket whose file somebody has removed: nobody can connect any more.
bool deployment::is_open_still(const std::string& key, const config::endpoint& where) const
{
    const auto known = open_.find(key);
    if (known == open_.end() || (known->second.bound.empty() && !where.is_optional))
        return false;
    return !known->second.file.has_value() ||
           net::file_identity::of(where.host.c_str()) == known->second.file;
}

void deployment::bind(const config::settings& settings, std::size_t number, prepared& result) const
{
    const config::listener_settings& listener = settings.listeners[number];
    for (const config::endpoint& each : listener.addresses) {
        const std::string key = key_of(listener, each);
        for (worker::worker_setup& worker : result.workers)
            worker.listeners[number].addresses.push_back(key);
        if (is_open_still(key, each)) {
            result.open[key] = open_.at(key);
            continue;
        }
        open_address& open = result.open[key];
        for (net::listening_socket& bound : this->open(listener, each, result.warnings)) {
            open.bound.push_back(bound.where());
            open.file = bound.file();
            result.listening.push_back("listener=" + listener.name +
                                       " address=" + bound.where().text());
            result.bound.push_back({number, key, std::move(bound)});
        }
    }
}

void deployment::listen(prepared& what) const
{
    for (bound_socket& each : what.bound) {
        each.socket.listen();
        for (std::size_t worker = 1; worker < what.workers.size(); ++worker)
            what.workers[worker].listeners[each.listener].fresh.push_back(
                {each.address, each.socket.for_another_worker()});
        what.workers[0].listeners[each.listener].fresh.push_back(
            {each.address, std::move(each.socket)});
    }
    what.bound.clear();
}

} // namespace ferrule::process
