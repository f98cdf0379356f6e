#include "process/configuration.hpp"

#include "worker/processors.hpp"

#include <set>
#include <utility>

namespace ferrule::process {

using config::log_level;

int worker_count(const config::settings& settings)
{
    if (settings.workers > 0)
        return settings.workers;
    return worker::usable_processors();
}

configuration::configuration(main_loop& loop, config::settings& in_force, deployment& deployed,
                             worker_pool& workers, credential_files& files,
                             metrics::registry& numbers, log::session_log& log, protector protect)
    : loop_{loop},
      settings_{in_force},
      deployment_{deployed},
      workers_{workers},
      files_{files},
      numbers_{numbers},
      log_{log},
      protect_{std::move(protect)}
{
}

void configuration::begin(deployment::prepared prepared)
{
    give_to_workers(prepared);
    say_what_is_open(prepared);
    note_loaded();
    files_.note_loads({}, settings_.listeners);
}

void configuration::replace(config::settings fresh, const backends::lookups& found,
                            const std::string& findings)
{
    deployment::prepared prepared = deployment_.prepare(fresh, found);
    protect_(fresh);
    deployment_.listen(prepared);
    if (!findings.empty())
        log_.say(log_level::warning, findings);
    warn_of_fixed_settings(fresh);
    take_effect(prepared, std::move(fresh));
}

void configuration::take_effect(deployment::prepared& prepared, config::settings fresh)
{
    give_to_workers(prepared);
    for (const config::listener_settings& each : settings_.listeners) {
        if (!prepared.certificates.contains(each.name))
            numbers_.forget_certificate(each.name);
    }
    files_.note_loads(settings_.listeners, fresh.listeners);
    files_.note_mended(fresh.listeners);
    settings_ = std::move(fresh);
    keep_only_configured_series();
    files_.watch();
    log_.reconfigure(settings_.log);
    say_what_is_open(prepared);
    note_loaded();
}

void configuration::give_to_workers(deployment::prepared& prepared)
{
    workers_.apply(std::move(prepared.workers), prepared.max_sessions);
    deployment_.commit(prepared);
}

void configuration::say_what_is_open(const deployment::prepared& prepared)
{
    for (const std::string& each : prepared.warnings)
        log_.say(log_level::warning, each);
    for (const std::string& each : prepared.listening)
        log_.say(log_level::info, "listening " + each);
}

void configuration::learn(const backends::lookups& found)
{
    deployment_.learn(found);
    for (const config::backend_settings& backend : settings_.backends) {
        if (!backends::has_names(backend))
            continue;
        std::vector<worker_pool::servers> for_each;
        for (std::size_t i = 0; i < workers_.size(); ++i)
            for_each.push_back(deployment_.servers_of(backend, static_cast<int>(i)));
        workers_.set_servers(backend.name, std::move(for_each));
    }
}

void configuration::keep_only_configured_series()
{
    std::set<std::string> names;
    std::set<metrics::server_name> servers;
    for (const config::listener_settings& each : settings_.listeners)
        names.insert(each.name);
    for (const config::backend_settings& backend : settings_.backends)
        for (const config::endpoint& each : backend.servers)
            servers.insert({backend.name, each.text()});
    numbers_.keep_only(names, servers);
}

void configuration::warn_of_fixed_settings(const config::settings& fresh)
{
    const auto warn = [&](const char* what) {
        log_.say(log_level::warning,
                 std::string(what) + " has changed: that takes effect at the next start");
    };
    if (worker_count(fresh) != static_cast<int>(workers_.size()))
        warn("workers");
    if (fresh.metrics_address != settings_.metrics_address)
        warn("metrics.address");
    if (fresh.control != settings_.control)
        warn("control");
    if (fresh.log.target != settings_.log.target)
        warn("log.target");
}

void configuration::note_loaded()
{
    numbers_.process().last_reload_seconds = loop_.unix_seconds();
}

} // namespace ferrule::process
