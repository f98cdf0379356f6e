#include "process/process.hpp"

#include "log/attempt.hpp"

#include <csignal>
#include <utility>

namespace ferrule::process {

using config::log_level;

process::process(config::settings settings, reload::loader load, metrics::registry& numbers,
                 log::session_log& log)
    : settings_{std::move(settings)},
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
      supervision_{loop_, numbers, log, [this] { return drain_.cut_in(); }},
      configuration_{
          loop_,       settings_,
          deployment_, workers_,
          files_,      numbers,
          log,         [this](const config::settings& fresh) { protect_exporter(fresh); }},
      reload_{std::move(load), settings_.file, numbers.process(), log, reload_steps()},
      orders_{settings_, workers_, numbers, log, powers()}
{
}

/// What the parts ask of each other in a reload.
reload::steps process::reload_steps()
{
    return {.begun = [this] { supervision_.reloading(); },
            .look_up =
                [this](name_lookup::backends_list backends, name_lookup::taker take) {
                    names_.look_up(std::move(backends), std::move(take));
                },
            .replace =
                [this](config::settings fresh, const backends::lookups& found,
                       const std::string& findings) {
                    configuration_.replace(std::move(fresh), found, findings);
                },
            .ended =
                [this](bool is_in_force) {
                    if (!is_in_force) // what was prepared has made series for new names
                        configuration_.keep_only_configured_series();
                    supervision_.reloaded();
                }};
}

/// What an operator can order.
orders::powers process::powers()
{
    return {.reload = [this](reload::answer tell) { reload_.ask(std::move(tell)); },
            .drain = [this] { drain_.begin(); },
            .cut_in = [this] { return drain_.cut_in(); }};
}

/// Threads that use other parts end before any part does.
process::~process()
{
    supervision_.stop_watching();
    workers_.stop();
}

// --- start, run, stop ----------------------------------------------------------------------------

int process::run()
{
    start();
    // Handlers guard what they do; what is left is a want of memory between them.
    while (!log::attempt(log_, "go on with what is due", [this] { io_.run(); })) {
    }
    return exit_code_;
}

void process::start()
{
    deployment::prepared prepared =
        deployment_.prepare(settings_, backends::resolve_servers(settings_.backends));
    orders_.open(io_);
    workers_.make(worker_count(settings_));
    open_exporter();
    workers_.start();
    deployment_.listen(prepared); // last of all that can fail: nobody has connected in vain
    configuration_.begin(std::move(prepared));
    numbers_.process().ready = true;

    signals_.take([this](int number) { on_signal(number); });
    names_.keep_looking([this] { return settings_.backends; },
                        [this](const backends::lookups& found) { configuration_.learn(found); });
    supervision_.watch(workers_.questions());
    files_.watch();
    log_.say(log_level::info, "ready");
    supervision_.ready();
}

void process::on_signal(int number)
{
    switch (number) {
    case SIGHUP: reload_.ask({}); break;
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

void process::drain_begun()
{
    reload_.stop();
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

// --- metrics -------------------------------------------------------------------------------------

void process::open_exporter()
{
    if (!settings_.metrics_address.has_value())
        return;
    const config::endpoint& where = *settings_.metrics_address;
    const bool is_unix = where.type == config::endpoint::kind::unix_socket;
    exporter_ =
        std::make_unique<exporter::exporter>(numbers_, where.host, where.port, is_unix,
                                             exporter::exporter_limits{}, protection_of(settings_));
    config::endpoint bound = where;
    if (!is_unix)
        bound.port = exporter_->port();
    log_.say(log_level::info, "metrics on " + bound.text());
}

void process::protect_exporter(const config::settings& settings)
{
    if (exporter_)
        exporter_->protect(protection_of(settings));
}

void process::hold_reload_signals()
{
    signals::hold_reload();
}

} // namespace ferrule::process
