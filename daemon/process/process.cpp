#include "process/process.hpp"

#include "log/attempt.hpp"
#include "worker/processors.hpp"

#include <csignal>
#include <utility>

namespace ferrule::process {

using config::log_level;

int worker_count(const config::settings& settings)
{
    if (settings.workers > 0)
        return settings.workers;
    return worker::usable_processors();
}

process::process(config::settings settings, loader reload, metrics::registry& numbers,
                 log::session_log& log)
    : settings_{std::move(settings)},
      loader_{std::move(reload)},
      numbers_{numbers},
      log_{log},
      deployment_{numbers, worker_count(settings_), inherited_sockets::from_environment()},
      drain_{loop_,
             workers_,
             settings_,
             numbers.process(),
             log,
             {.begun = [this] { drain_begun(); },
              .over = [this](int exit_code) { finish(exit_code); }}},
      supervision_{loop_, numbers, log, [this] { return drain_.cut_in(); }}
{
}

process::~process()
{
    supervision_.stop_watching();
    workers_.stop();
}

int process::run()
{
    start();
    // Handlers guard what they do; what is left is a want of memory between them.
    while (!log::attempt(log_, "go on with what is due", [this] { io_.run(); })) {
    }
    return exit_code_;
}

void process::hold_reload_signals()
{
    signals::hold_reload();
}

void process::start()
{
    deployment::prepared prepared =
        deployment_.prepare(settings_, backends::resolve_servers(settings_.backends));
    open_control();
    workers_.make(worker_count(settings_));
    if (settings_.metrics_address.has_value()) {
        const config::endpoint& where = *settings_.metrics_address;
        const bool is_unix = where.type == config::endpoint::kind::unix_socket;
        exporter_ = std::make_unique<exporter::exporter>(numbers_, where.host, where.port, is_unix,
                                                         exporter::exporter_limits{},
                                                         protection_of(settings_));
        config::endpoint bound = where;
        if (!is_unix)
            bound.port = exporter_->port();
        log_.say(log_level::info, "metrics on " + bound.text());
    }
    workers_.start();
    deployment_.listen(prepared); // last of all that can fail: nobody has connected in vain
    workers_.apply(std::move(prepared.workers), prepared.max_sessions);
    deployment_.commit(prepared);
    for (const std::string& each : prepared.warnings)
        log_.say(log_level::warning, each);
    for (const std::string& each : prepared.listening)
        log_.say(log_level::info, "listening " + each);
    note_loaded();
    files_.note_loads({}, settings_.listeners);
    numbers_.process().ready = true;

    signals_.take([this](int number) { on_signal(number); });
    names_.keep_looking([this] { return settings_.backends; },
                        [this](const backends::lookups& found) { names_found(found); });
    supervision_.watch(workers_.questions());
    files_.watch();
    log_.say(log_level::info, "ready");
    supervision_.ready();
}

void process::note_loaded()
{
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    numbers_.process().last_reload_seconds = std::chrono::duration<double>(now).count();
}

// --- signals -------------------------------------------------------------------------------------

void process::on_signal(int number)
{
    switch (number) {
    case SIGHUP: reload({}); break;
    case SIGUSR1: log_.reopen(); break;
    default: on_stop_signal(); break;
    }
}

/// A drain that `ferrule ctl drain` has begun goes on: a hook that drains is followed by the
/// ordinary stop. Whoever sends a second signal does not want to wait.
void process::on_stop_signal()
{
    if (std::exchange(was_told_to_stop_, true)) {
        log_.say(log_level::warning, "second signal: ending at once");
        finish(1);
    } else if (drain_.has_begun()) {
        log_.say(log_level::info, "signal: draining already; a second one ends at once");
    } else {
        drain_.begin();
    }
}

void process::names_found(const backends::lookups& found)
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

// --- drain ---------------------------------------------------------------------------------------

void process::drain_begun()
{
    names_.stop();
    files_.stop();
    supervision_.stopping();
}

void process::finish(int exit_code)
{
    exit_code_ = exit_code;
    supervision_.stop_watching();
    workers_.stop();
    io_.stop();
}

} // namespace ferrule::process
