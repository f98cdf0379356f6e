#include "server/server.hpp"

#include "base/thread.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <csignal>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace ferrule::server {

namespace asio = boost::asio;
using config::log_level;

namespace {

/// How often host names of backends are looked up again.
constexpr base::seconds names_interval{10};

/// A drain that is not over this long after its time has failed (docs/endings.md, promise P6).
constexpr base::seconds drain_grace{3};

bool has_names(const config::backend_settings& backend)
{
    return std::any_of(backend.servers.begin(), backend.servers.end(),
                       [](const auto& each) { return each.type == config::endpoint::kind::name; });
}

} // namespace

int worker_count(const config::settings& settings)
{
    if (settings.workers > 0)
        return settings.workers;
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

/// A lookup may block for longer than the process wants to live (getaddrinfo(3) has no timeout of
/// its own), so its thread is not joined: it leaves what it found here, if anybody is left to take
/// it.
struct server::names_inbox {
    std::mutex mutex;
    server* taker = nullptr;
};

server::server(config::settings settings, loader reload, metrics::registry& numbers,
               session_log& log)
    : settings_{std::move(settings)},
      loader_{std::move(reload)},
      numbers_{numbers},
      log_{log},
      deployment_{numbers, worker_count(settings_), inherited_sockets::from_environment()},
      inbox_{std::make_shared<names_inbox>()}
{
    inbox_->taker = this;
}

server::~server()
{
    const std::lock_guard lock{inbox_->mutex};
    inbox_->taker = nullptr;
}

int server::run()
{
    start();
    io_.run();
    return exit_code_;
}

void server::start()
{
    deployment::prepared prepared = deployment_.prepare(settings_);
    open_control();
    const int count = worker_count(settings_);
    for (int i = 0; i < count; ++i)
        workers_.push_back(std::make_unique<worker>(i, log_));
    if (settings_.metrics_address.has_value()) {
        const config::endpoint& where = *settings_.metrics_address;
        const bool is_unix = where.type == config::endpoint::kind::unix_socket;
        exporter_ = std::make_unique<metrics::exporter>(numbers_, where.host, where.port, is_unix,
                                                        metrics::exporter_limits{},
                                                        protection_of(settings_));
        config::endpoint bound = where;
        if (!is_unix)
            bound.port = exporter_->port();
        log_.say(log_level::info, "metrics on " + bound.text());
    }
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        workers_[i]->start();
        workers_[i]->apply(std::move(prepared.workers[i]));
    }
    deployment_.commit(prepared);
    for (const std::string& each : prepared.warnings)
        log_.say(log_level::warning, each);
    for (const std::string& each : prepared.listening)
        log_.say(log_level::info, "listening " + each);
    note_loaded();
    note_loads({}, settings_.listeners);
    numbers_.process().ready = true;

    for (const int each : {SIGTERM, SIGINT, SIGHUP, SIGUSR1})
        signals_.add(each);
    wait_for_signal();
    refresh_names_later();
    start_watchdog();
    watch_files();
    log_.say(log_level::info, "ready");
    manager_.ready(status_text());
    tell_status_later();
}

void server::note_loaded()
{
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    numbers_.process().last_reload_seconds = std::chrono::duration<double>(now).count();
}

// --- signals -------------------------------------------------------------------------------------

void server::wait_for_signal()
{
    signals_.async_wait([this](const boost::system::error_code& error, int number) {
        if (error)
            return;
        on_signal(number);
        wait_for_signal();
    });
}

void server::on_signal(int number)
{
    switch (number) {
    case SIGHUP: reload(); break;
    case SIGUSR1: log_.reopen(); break;
    default:
        if (draining_) {
            log_.say(log_level::warning, "second signal: ending at once");
            finish(1);
        } else {
            begin_drain();
        }
        break;
    }
}

// --- names ---------------------------------------------------------------------------------------

void server::refresh_names_later()
{
    names_timer_.expires_after(names_interval);
    names_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error && !draining_)
            refresh_names();
    });
}

/// Looks the names of backends up on a thread of its own.
void server::refresh_names()
{
    std::vector<config::backend_settings> backends;
    std::copy_if(settings_.backends.begin(), settings_.backends.end(), std::back_inserter(backends),
                 has_names);
    if (backends.empty()) {
        refresh_names_later();
        return;
    }
    base::start_thread("names", [inbox = inbox_, backends = std::move(backends)] {
        lookups found = resolve_servers(backends);
        const std::lock_guard lock{inbox->mutex};
        if (inbox->taker != nullptr)
            asio::post(inbox->taker->io_, [taker = inbox->taker, found = std::move(found)] {
                taker->names_found(found);
            });
    }).detach();
}

void server::names_found(const lookups& found)
{
    deployment_.learn(found);
    for (const config::backend_settings& backend : settings_.backends) {
        if (!has_names(backend))
            continue;
        for (std::size_t i = 0; i < workers_.size(); ++i)
            workers_[i]->set_servers(backend.name,
                                     deployment_.servers_of(backend, static_cast<int>(i)));
    }
    refresh_names_later();
}

// --- drain ---------------------------------------------------------------------------------------

void server::begin_drain()
{
    draining_ = true;
    metrics::process_state& state = numbers_.process();
    state.ready = false;
    state.draining = true;
    const config::drain_settings drain = settings_.drain;
    cut_at_ = base::clock::now() + drain.delay + drain.timeout;
    manager_.stopping(status_text());
    tell_status_later();
    const auto text = [](base::milliseconds duration) {
        return duration == base::off ? "0s" : base::to_text(duration);
    };
    log_.say(log_level::info, "draining delay=" + text(drain.delay) + " timeout=" +
                                  text(drain.timeout) + " spread=" + text(drain.spread));
    drain_timer_.expires_after(drain.delay);
    drain_timer_.async_wait([this, drain](const boost::system::error_code& error) {
        if (error)
            return;
        workers_to_drain_ = workers_.size();
        for (const auto& each : workers_) {
            each->drain(drain.timeout, drain.spread, [this](bool all_whole) {
                asio::post(io_, [this, all_whole] { worker_drained(all_whole); });
            });
        }
        drain_timer_.expires_after(drain.timeout + drain_grace);
        drain_timer_.async_wait([this](const boost::system::error_code& late) {
            if (late)
                return;
            log_.say(log_level::error, "drain is overdue: ending what is left");
            finish(1);
        });
    });
}

void server::worker_drained(bool all_whole)
{
    all_whole_ = all_whole_ && all_whole;
    if (--workers_to_drain_ > 0)
        return;
    log_.say(log_level::info, all_whole_ ? "drained: every session ended whole"
                                         : "drained: a session was cut, or did not end whole");
    finish(all_whole_ ? 0 : 1);
}

void server::finish(int exit_code)
{
    exit_code_ = exit_code;
    watchdog_.reset();
    for (const auto& each : workers_)
        each->stop();
    io_.stop();
}

} // namespace ferrule::server
