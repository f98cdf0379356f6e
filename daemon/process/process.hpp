// The process: how its parts are put together, its start and its end, and the truth about that in
// the exit code.
#pragma once

#include "config/settings.hpp"
#include "exporter/exporter.hpp"
#include "log/session_log.hpp"
#include "metrics/registry.hpp"
#include "process/configuration.hpp"
#include "process/credential_files.hpp"
#include "process/deployment.hpp"
#include "process/drain.hpp"
#include "process/io_loop.hpp"
#include "process/name_lookup.hpp"
#include "process/orders.hpp"
#include "process/reload.hpp"
#include "process/signals.hpp"
#include "process/supervision.hpp"
#include "process/worker_threads.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>

namespace ferrule::process {

class process {
public:
    /// Nothing is opened yet. `load` reads the configuration again, for SIGHUP; it is empty where
    /// there is no file. `numbers` and `log` must outlive it.
    process(config::settings settings, reload::loader load, metrics::registry& numbers,
            log::session_log& log);
    ~process();
    process(const process&) = delete;
    process& operator=(const process&) = delete;

    /// Opens everything, serves until a signal ends it, and returns the exit code: 0 if it was
    /// drained, cut no session, and none that ended meanwhile lost a byte; else 1. Throws
    /// std::runtime_error if it cannot start, with a text for the operator.
    int run();

    /// Keeps SIGHUP and SIGUSR1 until `run` takes them: they would end the process. To be called
    /// before anything that takes time, on the thread of `run`.
    static void hold_reload_signals();

private:
    void start();
    void open_exporter();
    void protect_exporter(const config::settings& settings);
    void on_signal(int number);
    void on_stop_signal();
    void drain_begun();
    void finish(int exit_code);

    reload::steps reload_steps();
    orders::powers powers();

    config::settings settings_; ///< in force
    metrics::registry& numbers_;
    log::session_log& log_;
    boost::asio::io_context io_{1};
    io_loop loop_{io_, log_};
    deployment deployment_;
    worker_threads workers_{loop_, numbers_.process(), log_};
    signals signals_{io_, log_};
    drain drain_;
    supervision supervision_;
    name_lookup names_{loop_, log_};
    credential_files files_{loop_, settings_, deployment_, workers_, numbers_, log_};
    configuration configuration_;
    reload reload_;
    orders orders_;
    std::unique_ptr<exporter::exporter> exporter_;
    bool was_told_to_stop_ = false; ///< by a signal
    int exit_code_ = 0;
};

} // namespace ferrule::process
