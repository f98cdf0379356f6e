// The configuration is read again, and happens whole or not at all.

#include "log/attempt.hpp"
#include "process/process.hpp"

#include <exception>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace ferrule::process {

using config::log_level;

namespace {

constexpr int exit_failed = 1;
constexpr int exit_configuration = 2;

} // namespace

/// Calls `done` (if there is one) with the outcome, at once or later: names may have to be looked
/// up. Who asks while a reload is under way gets the outcome of another one, since the files may
/// have changed after they were read.
void process::reload(reload_done done)
{
    if (drain_.has_begun() || !loader_) {
        const std::string why = drain_.has_begun()
                                    ? "reload ignored: draining"
                                    : "reload ignored: there is no configuration file";
        log_.say(log_level::warning, why);
        if (done)
            done({exit_failed, why});
        return;
    }
    if (reloading_) {
        asked_another_.push_back(std::move(done));
        return;
    }
    asked_reload_.push_back(std::move(done));
    begin_reload();
}

void process::begin_reload()
{
    reloading_ = true;
    supervision_.reloading();
    try {
        auto fresh = std::make_shared<loaded>(loader_());
        if (!fresh->reading.settings.has_value())
            return end_reload({exit_configuration, yaml::to_text(fresh->reading.findings,
                                                                 fresh->text, settings_.file)});
        fresh->reading.settings->file = settings_.file;
        names_.look_up(fresh->reading.settings->backends,
                       [this, fresh](const backends::lookups& found, const std::string& trouble) {
                           end_reload(try_reload(*fresh, found, trouble));
                       });
    } catch (const std::exception& error) {
        end_reload({exit_failed, error.what()});
    }
}

process::reload_result process::try_reload(loaded& fresh, const backends::lookups& found,
                                           const std::string& trouble)
try {
    if (drain_.has_begun())
        return {exit_failed, "reload ignored: draining"};
    if (!trouble.empty())
        return {exit_failed, "cannot look names up: " + trouble};
    const std::string findings = yaml::to_text(fresh.reading.findings, fresh.text, settings_.file);
    config::settings& settings = *fresh.reading.settings;
    deployment::prepared prepared = deployment_.prepare(settings, found);
    if (exporter_)
        exporter_->protect(protection_of(settings));
    deployment_.listen(prepared);
    if (!findings.empty())
        log_.say(log_level::warning, findings);
    warn_of_fixed_settings(settings);
    take_effect(prepared, std::move(settings));
    return {0, findings};
} catch (const std::exception& error) {
    return {exit_failed, error.what()};
}

void process::end_reload(const reload_result& result)
{
    metrics::process_state& state = numbers_.process();
    state.last_reload_ok = result.exit_code == 0;
    if (result.exit_code == 0) {
        ++state.reloads_ok;
        note_loaded();
        log_.say(log_level::info, "reloaded");
    } else {
        keep_only_configured_series(); // what was prepared has made some for new names
        log_.say(log_level::error, result.text);
        log_.say(log_level::error, "reload failed: the configuration in force stays");
        ++state.reloads_failed;
    }
    supervision_.reloaded();
    reloading_ = false;
    for (const reload_done& each :
         std::exchange(asked_reload_, std::exchange(asked_another_, {}))) {
        if (each)
            log::attempt(log_, "tell how a reload ended", [&] { each(result); });
    }
    if (!asked_reload_.empty())
        begin_reload();
}

void process::take_effect(deployment::prepared& prepared, config::settings fresh)
{
    workers_.apply(std::move(prepared.workers), prepared.max_sessions);
    deployment_.commit(prepared);
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
    for (const std::string& each : prepared.warnings)
        log_.say(log_level::warning, each);
    for (const std::string& each : prepared.listening)
        log_.say(log_level::info, "listening " + each);
}

/// A deployment that adds and removes servers would pile up series of what is long gone.
void process::keep_only_configured_series()
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

void process::warn_of_fixed_settings(const config::settings& fresh)
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

} // namespace ferrule::process
