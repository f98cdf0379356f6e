#include "config/reader.hpp"

#include "config/cross_check.hpp"
#include "config/read_listeners.hpp"
#include "config/read_metrics.hpp"
#include "config/read_process.hpp"
#include "config/read_shutdown.hpp"
#include "config/table.hpp"

#include <algorithm>
#include <utility>

namespace ferrule::config {

namespace {

/// nullptr if there is no such backend, which has been reported then.
const backend_draft* find_backend(const std::vector<backend_draft>& backends,
                                  const std::string& name)
{
    const auto found = std::find_if(backends.begin(), backends.end(), [&](const auto& backend) {
        return backend.name && backend.name->text == name;
    });
    return found == backends.end() ? nullptr : &*found;
}

/// Reads the document's root, from top to bottom.
settings read_root(const yaml::field& from, const std::string& directory,
                   const tls_inspector& inspect, yaml::report& out)
{
    settings result;
    const yaml::block root(from, keys_of<root_rows>, out);
    if (!root.is_map())
        return result;

    const control_draft control = read_process(root, result, out);
    const metrics_draft metrics = read_metrics(root, directory, inspect, result, out);
    const timeouts_block timeouts = read_timeouts(root, out);
    const shutdown_block shutdown = read_shutdown(root, out);
    const auto listeners = read_listeners(root, directory, inspect, out);
    const auto backends = read_backends(root, out);
    if (listeners)
        check_addresses(*listeners, metrics, control, out);
    check_names(listeners, backends, out);
    if (!listeners || !backends)
        return result;

    for (const listener_draft& listener : *listeners) {
        const backend_draft* const backend =
            find_backend(*backends, listener.settings.route.backend);
        if (backend == nullptr)
            continue;
        listener_settings& each = result.listeners.emplace_back(listener.settings);
        each.timeouts = resolve(listener.timeouts, timeouts);
        each.route.shutdown = resolve(listener.shutdown, backend->shutdown, shutdown, out);
    }
    for (const backend_draft& backend : *backends)
        result.backends.push_back(backend.settings);
    return result;
}

} // namespace

reading read(const std::string& text, const std::string& directory, const tls_inspector& inspect)
{
    const yaml::yaml_document document = yaml::parse_yaml(text);
    if (document.problem)
        return {{}, {*document.problem}};

    yaml::report out;
    if (!document.root || document.root->type() == yaml::node::kind::nothing) {
        out.error({}, "", "the file says nothing",
                  "config/ferrule.yaml shows every key; config/examples/ has short files");
        return {{}, out.take()};
    }
    const yaml::field root{*document.root, {}, ""};
    settings result = read_root(root, directory, inspect, out);
    reading done{{}, out.take()};
    if (!out.has_errors())
        done.settings = std::move(result);
    return done;
}

} // namespace ferrule::config
