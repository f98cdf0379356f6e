// The configuration is read again, and happens whole or not at all.

#include "server/server.hpp"

#include <exception>
#include <string>
#include <utility>

namespace ferrule::server {

using config::log_level;

namespace {

constexpr int exit_failed = 1;
constexpr int exit_configuration = 2;

} // namespace

server::reload_result server::reload()
{
    if (draining_ || !loader_) {
        const std::string why = draining_ ? "reload ignored: draining"
                                          : "reload ignored: there is no configuration file";
        log_.say(log_level::warning, why);
        return {exit_failed, why};
    }
    manager_.reloading();
    reload_result result = try_reload();
    metrics::process_state& state = numbers_.process();
    state.last_reload_ok = result.exit_code == 0;
    if (result.exit_code == 0) {
        ++state.reloads_ok;
        note_loaded();
        log_.say(log_level::info, "reloaded");
    } else {
        log_.say(log_level::error, result.text);
        log_.say(log_level::error, "reload failed: the configuration in force stays");
        ++state.reloads_failed;
    }
    manager_.ready(status_text());
    return result;
}

server::reload_result server::try_reload()
{
    loaded fresh = loader_();
    const std::string findings =
        config::to_text(fresh.reading.findings, fresh.text, settings_.file);
    if (!fresh.reading.settings.has_value())
        return {exit_configuration, findings};
    fresh.reading.settings->file = settings_.file;
    deployment::prepared prepared;
    try {
        prepared = deployment_.prepare(*fresh.reading.settings);
        if (exporter_)
            exporter_->protect(protection_of(*fresh.reading.settings));
    } catch (const std::exception& error) {
        return {exit_failed, error.what()};
    }
    if (!findings.empty())
        log_.say(log_level::warning, findings);
    warn_of_fixed_settings(*fresh.reading.settings);
    take_effect(prepared, std::move(*fresh.reading.settings));
    return {0, findings};
}

void server::take_effect(deployment::prepared& prepared, config::settings fresh)
{
    for (std::size_t i = 0; i < workers_.size(); ++i)
        workers_[i]->apply(std::move(prepared.workers[i]));
    deployment_.commit(prepared);
    for (const config::listener_settings& each : settings_.listeners) {
        if (!prepared.certificates.contains(each.name))
            numbers_.forget_certificate(each.name);
    }
    note_loads(settings_.listeners, fresh.listeners);
    note_mended(fresh.listeners);
    settings_ = std::move(fresh);
    watch_files();
    log_.reconfigure(settings_.log);
    for (const std::string& each : prepared.warnings)
        log_.say(log_level::warning, each);
    for (const std::string& each : prepared.listening)
        log_.say(log_level::info, "listening " + each);
}

void server::warn_of_fixed_settings(const config::settings& fresh)
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

} // namespace ferrule::server
