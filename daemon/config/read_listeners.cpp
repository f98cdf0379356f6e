#include "config/read_listeners.hpp"

#include "config/endpoints.hpp"
#include "config/read_rows.hpp"
#include "config/read_tls.hpp"
#include "config/table.hpp"
#include "yaml/values.hpp"

namespace ferrule::config {

namespace {

/// The entry as people call it: by its name, "listener 'web': ", if that can be read.
yaml::field with_name_in_path(const yaml::field& from, const std::string& noun)
{
    yaml::field result = from;
    for (const yaml::yaml_entry& entry : from.value.entries()) {
        if (entry.key.scalar() != "name" || !yaml::is_name(entry.value.scalar()))
            continue;
        result.path = noun + " '" + entry.value.scalar() + "': ";
        break;
    }
    return result;
}

std::optional<placed_text> read_entry_name(const yaml::block& entry, yaml::report& out)
{
    const auto where =
        entry.require("name", "add name: NAME, by which logs and metrics call it", out);
    if (!where)
        return std::nullopt;
    const auto name = yaml::read_name(*where, out);
    if (!name)
        return std::nullopt;
    return placed_text{*name, where->at(), where->path};
}

std::vector<placed_endpoint> read_endpoints(const yaml::field& from, address_use use,
                                            yaml::report& out)
{
    std::vector<placed_endpoint> result;
    const auto items = yaml::read_list(from, out);
    if (items && items->empty())
        out.error(from.at(), from.path, "is empty", "name at least one");
    for (const yaml::field& item : items.value_or(std::vector<yaml::field>{})) {
        if (item.value.type() == yaml::node::kind::list) {
            out.error(item.at(), item.path, "is a list, not an address",
                      "an address with a '[' needs quotation marks: \"[::]:443\"");
            continue;
        }
        const auto text = yaml::read_text(item, out);
        if (!text)
            continue;
        const auto parsed = parse_endpoints(*text, use);
        if (!parsed.value)
            out.error(item.at(), item.path, yaml::in_quotes(*text) + " " + parsed.problem,
                      parsed.fix);
        for (const endpoint& address : parsed.value.value_or(std::vector<endpoint>{}))
            result.push_back({address, *text, item.at(), item.path});
    }
    return result;
}

backend_draft read_backend(const yaml::field& from, yaml::report& out)
{
    backend_draft draft;
    const yaml::block entry(with_name_in_path(from, "backend"), keys_of<backend_rows>, out);
    draft.name = read_entry_name(entry, out);
    if (draft.name)
        draft.settings.name = draft.name->text;
    if (const auto servers = entry.require("servers", "add servers: [\"127.0.0.1:8080\"]", out)) {
        const auto found = read_endpoints(*servers, address_use::connect, out);
        for (const placed_endpoint& server : found)
            draft.settings.servers.push_back(server.address);
        if (found.size() > max_servers) {
            const placed_endpoint& first = found[max_servers];
            out.error(first.at, first.path,
                      yaml::in_quotes(first.text) +
                          " is one server too many: a backend has at most " +
                          std::to_string(max_servers) + ", not " + std::to_string(found.size()),
                      "share them out to several backends and listeners");
        }
    }
    draft.shutdown = read_shutdown(entry, out);
    return draft;
}

listener_draft read_listener(const yaml::field& from, const std::string& directory,
                             const tls_inspector& inspect, yaml::report& out)
{
    listener_draft draft;
    listener_settings& result = draft.settings;
    const yaml::block entry(with_name_in_path(from, "listener"), keys_of<listener_rows>, out);
    draft.name = read_entry_name(entry, out);
    if (draft.name)
        result.name = draft.name->text;

    if (const auto addresses =
            entry.require("addresses", "add addresses: [\"0.0.0.0:443\"]", out)) {
        draft.addresses = read_endpoints(*addresses, address_use::listen, out);
        for (const placed_endpoint& each : draft.addresses)
            result.addresses.push_back(each.address);
    }
    read_rows(entry, listener_rows, result, out);
    if (const auto tls = entry.require("tls", "add tls: with a certificate and a key", out))
        result.tls = read_tls(*tls, directory, inspect, out);
    if (const auto backend = entry.require("backend", "add backend: NAME, one of backends", out)) {
        if (const auto name = yaml::read_name(*backend, out)) {
            draft.backend = placed_text{*name, backend->at(), backend->path};
            result.route.backend = *name;
        }
    }
    draft.timeouts = read_timeouts(entry, out);
    draft.shutdown = read_shutdown(entry, out);
    return draft;
}

/// Reads each entry of the list under `key` with `read_entry(field)`.
template <class draft, class reader>
drafts<draft> read_entries(const yaml::block& root, const char* key, reader read_entry,
                           yaml::report& out)
{
    const auto list =
        root.require(key, std::string("add ") + key + ": a list with at least one entry", out);
    if (!list)
        return std::nullopt;
    if (list->value.type() != yaml::node::kind::list) {
        const bool is_nothing = list->value.type() == yaml::node::kind::nothing;
        out.error(list->at(), list->path, is_nothing ? "has no value" : "is not a list",
                  "each entry begins with '- name: '");
        return std::nullopt;
    }
    const auto items = yaml::read_list(*list, out);
    if (!items || items->empty()) {
        out.error(list->at(), list->path, "is empty", "name at least one");
        return std::nullopt;
    }
    std::vector<draft> entries;
    for (const yaml::field& item : *items)
        entries.push_back(read_entry(item));
    return entries;
}

} // namespace

drafts<backend_draft> read_backends(const yaml::block& root, yaml::report& out)
{
    return read_entries<backend_draft>(
        root, "backends", [&](const yaml::field& item) { return read_backend(item, out); }, out);
}

drafts<listener_draft> read_listeners(const yaml::block& root, const std::string& directory,
                                      const tls_inspector& inspect, yaml::report& out)
{
    return read_entries<listener_draft>(
        root, "listeners",
        [&](const yaml::field& item) { return read_listener(item, directory, inspect, out); }, out);
}

} // namespace ferrule::config
