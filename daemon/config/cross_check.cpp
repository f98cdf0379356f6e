#include "config/cross_check.hpp"

#include "yaml/nearest.hpp"
#include "yaml/plain_text.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

#include <arpa/inet.h>

namespace ferrule::config {

namespace {

using kind = endpoint::kind;

/// Returns true if all entries have a good name of their own.
template <class draft>
bool check_unique(const std::vector<draft>& entries, yaml::report& out)
{
    std::map<std::string, yaml::place> first;
    bool all_good = true;
    for (const draft& entry : entries) {
        if (!entry.name) {
            all_good = false;
            continue;
        }
        const auto [earlier, is_new] = first.emplace(entry.name->text, entry.name->at);
        if (!is_new)
            out.error(entry.name->at, entry.name->path,
                      yaml::in_quotes(entry.name->text) +
                          " is already the name of the one in line " +
                          std::to_string(earlier->second.line),
                      "each needs a name of its own");
    }
    return all_good;
}

std::vector<std::string_view> names_of(const std::vector<backend_draft>& backends)
{
    std::vector<std::string_view> names;
    for (const backend_draft& backend : backends) {
        if (backend.name)
            names.push_back(backend.name->text);
    }
    return names;
}

/// Returns the names that are used; nullopt if a reference is wrong, so that it is not known.
std::optional<std::set<std::string_view>>
check_references(const std::vector<listener_draft>& listeners,
                 const std::vector<std::string_view>& names, yaml::report& out)
{
    const std::set<std::string_view> known(names.begin(), names.end());
    std::set<std::string_view> used;
    bool all_good = true;
    for (const listener_draft& listener : listeners) {
        if (!listener.backend) {
            all_good = false;
            continue;
        }
        const placed_text& wanted = *listener.backend;
        used.insert(wanted.text);
        if (!known.contains(wanted.text)) {
            out.error(wanted.at, wanted.path, "there is no backend " + yaml::in_quotes(wanted.text),
                      yaml::one_of(wanted.text, names));
            all_good = false;
        }
    }
    return all_good ? std::optional(used) : std::nullopt;
}

/// Everything that a listener or the metrics occupy, in the order of the file.
struct occupant {
    const endpoint* address;
    std::string text;
    yaml::place at;
    std::string path;
};

/// The family and host under which an address is compared.
struct compared_host {
    kind family;
    std::string host;
};

std::string canonical_ip6(const std::string& host)
{
    in6_addr address{};
    std::array<char, INET6_ADDRSTRLEN> text{};
    const auto percent = std::min(host.find('%'), host.size());
    if (::inet_pton(AF_INET6, host.substr(0, percent).c_str(), &address) != 1 ||
        ::inet_ntop(AF_INET6, &address, text.data(), text.size()) == nullptr)
        return host;
    return text.data() + host.substr(percent);
}

std::vector<compared_host> compared_hosts(const endpoint& address)
{
    switch (address.type) {
    case kind::ip6: return {{kind::ip6, canonical_ip6(address.host)}};
    case kind::ip4:
    case kind::unix_socket:
    case kind::inherited: return {{address.type, address.host}};
    case kind::name: break;
    }
    std::string name = address.host;
    std::transform(name.begin(), name.end(), name.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    });
    if (name == "localhost")
        return {{kind::ip4, "127.0.0.1"}, {kind::ip6, "::1"}};
    return {{kind::name, name}};
}

/// Who holds what on one port of one family.
struct taken_port {
    std::map<std::string, const occupant*> hosts;
    const occupant* any = nullptr;

    const occupant* conflict(const std::string& host, bool is_any) const
    {
        if (any != nullptr)
            return any;
        if (is_any)
            return hosts.empty() ? nullptr : hosts.begin()->second;
        const auto same = hosts.find(host);
        return same == hosts.end() ? nullptr : same->second;
    }

    void take(const std::string& host, bool is_any, const occupant& by)
    {
        hosts.emplace(host, &by);
        any = is_any && any == nullptr ? &by : any;
    }
};

std::vector<occupant> occupants_of(const std::vector<listener_draft>& listeners,
                                   const metrics_draft& metrics, const control_draft& control)
{
    std::vector<occupant> all;
    if (control.address)
        all.push_back({&*control.address, control.address->text(), control.at, "control.path"});
    if (metrics.address)
        all.push_back({&*metrics.address, metrics.address->text(), metrics.at, "metrics.address"});
    for (const listener_draft& listener : listeners) {
        for (const placed_endpoint& each : listener.addresses)
            all.push_back({&each.address, each.text, each.at, each.path});
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const occupant& a, const occupant& b) { return a.at < b.at; });
    return all;
}

void report_conflict(const occupant& later, const occupant& earlier, yaml::report& out)
{
    if (earlier.at.line == 0)
        out.error(later.at, later.path,
                  yaml::in_quotes(later.text) + " overlaps metrics.address, which is " +
                      earlier.text + " by default",
                  "choose another port, or set metrics.address");
    else
        out.error(later.at, later.path,
                  yaml::in_quotes(later.text) + " overlaps " + yaml::in_quotes(earlier.text) +
                      " in line " + std::to_string(earlier.at.line),
                  "an address can be served once");
}

} // namespace

void check_names(const drafts<listener_draft>& listeners, const drafts<backend_draft>& backends,
                 yaml::report& out)
{
    if (listeners)
        check_unique(*listeners, out);
    const bool all_named = backends && check_unique(*backends, out);
    if (!all_named || !listeners)
        return;

    const auto used = check_references(*listeners, names_of(*backends), out);
    if (!used)
        return;
    for (const backend_draft& backend : *backends) {
        if (!used->contains(backend.name->text))
            out.warning(backend.name->at,
                        "backend '" + backend.name->text + "': ", "no listener uses it",
                        "remove it, or name it in a listener's 'backend'");
    }
}

void check_addresses(const std::vector<listener_draft>& listeners, const metrics_draft& metrics,
                     const control_draft& control, yaml::report& out)
{
    const std::vector<occupant> all = occupants_of(listeners, metrics, control);
    std::map<std::tuple<kind, std::uint16_t>, taken_port> ports;
    for (const occupant& each : all) {
        if (each.address->has_port_of_kernel())
            continue;
        for (const compared_host& compared : compared_hosts(*each.address)) {
            taken_port& port = ports[{compared.family, each.address->port}];
            const bool is_any = (compared.family == kind::ip4 && compared.host == "0.0.0.0") ||
                                (compared.family == kind::ip6 && compared.host == "::");
            if (const occupant* earlier = port.conflict(compared.host, is_any))
                report_conflict(each, *earlier, out);
            port.take(compared.host, is_any, each);
        }
    }
}

} // namespace ferrule::config
