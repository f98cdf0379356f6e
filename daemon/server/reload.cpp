// SIGHUP: the configuration is read again, and happens whole or not at all.

#include "server/server.hpp"

#include <exception>
#include <string>
#include <utility>

namespace ferrule::server {

using config::log_level;

void server::reload()
{
    if (draining_ || !loader_) {
        log_.say(log_level::warning, draining_ ? "reload ignored: draining"
                                               : "reload ignored: there is no configuration file");
        return;
    }
    metrics::process_state& state = numbers_.process();
    const auto failed = [&](const std::string& why) {
        log_.say(log_level::error, why);
        log_.say(log_level::error, "reload failed: the configuration in force stays");
        ++state.reloads_failed;
        state.last_reload_ok = false;
    };

    loaded fresh = loader_();
    const std::string findings =
        config::to_text(fresh.reading.findings, fresh.text, settings_.file);
    if (!fresh.reading.settings.has_value()) {
        failed(findings);
        return;
    }
    fresh.reading.settings->file = settings_.file;
    deployment::prepared prepared;
    try {
        prepared = deployment_.prepare(*fresh.reading.settings);
        if (exporter_)
            exporter_->protect(protection_of(*fresh.reading.settings));
    } catch (const std::exception& error) {
        failed(error.what());
        return;
    }
    if (!findings.empty())
        log_.say(log_level::warning, findings);
    warn_of_fixed_settings(*fresh.reading.settings);
    for (std::size_t i = 0; i < workers_.size(); ++i)
        workers_[i]->apply(std::move(prepared.workers[i]));
    deployment_.commit(prepared);
    for (const config::listener_settings& each : settings_.listeners) {
        if (!prepared.certificates.contains(each.name))
            numbers_.forget_certificate(each.name);
    }
    settings_ = std::move(*fresh.reading.settings);
    log_.reconfigure(settings_.log);
    for (const std::string& each : prepared.warnings)
        log_.say(log_level::warning, each);
    for (const std::string& each : prepared.listening)
        log_.say(log_level::info, "listening " + each);
    ++state.reloads_ok;
    state.last_reload_ok = true;
    note_loaded();
    log_.say(log_level::info, "reloaded");
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
    if (fresh.log.target != settings_.log.target)
        warn("log.target");
}

} // namespace ferrule::server
