// The process: workers, signals, commands, reload, drain, and the truth about it in the exit code.
#pragma once

#include "config/settings.hpp"
#include "control/socket.hpp"
#include "exporter/exporter.hpp"
#include "log/session_log.hpp"
#include "metrics/registry.hpp"
#include "process/credential_files.hpp"
#include "process/deployment.hpp"
#include "process/drain.hpp"
#include "process/io_loop.hpp"
#include "process/load_settings.hpp"
#include "process/name_lookup.hpp"
#include "process/signals.hpp"
#include "process/supervision.hpp"
#include "process/worker_threads.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ferrule::process {

/// How many worker threads `workers` means for this process.
int worker_count(const config::settings& settings);

class process {
public:
    /// Reads the configuration again, for SIGHUP; empty where there is no file.
    using loader = std::function<loaded()>;

    /// Nothing is opened yet. `numbers` and `log` must outlive it.
    process(config::settings settings, loader reload, metrics::registry& numbers,
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
    void note_loaded();
    void on_signal(int number);
    void on_stop_signal();

    // reload.cpp
    struct reload_result {
        int exit_code = 0; ///< as for the whole process: 1 it failed, 2 the file has errors
        std::string text;  ///< what is wrong, for people; may have warnings if nothing is
    };
    using reload_done = std::function<void(const reload_result&)>;
    void reload(reload_done done);
    void begin_reload();
    reload_result try_reload(loaded& fresh, const backends::lookups& found,
                             const std::string& trouble);
    void end_reload(const reload_result& result);
    void take_effect(deployment::prepared& prepared, config::settings fresh);
    void keep_only_configured_series();

    // orders.cpp: the control socket
    void open_control();
    void on_command(const control::control_request& request, const control::control_answer& answer);
    void list_sessions(const control::control_request& request,
                       const control::control_answer& answer);
    void kill_sessions(const control::control_request& request,
                       const control::control_answer& answer);
    void change_log_level(const control::control_request& request,
                          const control::control_answer& answer);

    void names_found(const backends::lookups& found);

    void drain_begun();
    void finish(int exit_code);
    void warn_of_fixed_settings(const config::settings& fresh);

    config::settings settings_;
    loader loader_;
    metrics::registry& numbers_;
    log::session_log& log_;
    deployment deployment_;
    boost::asio::io_context io_{1};
    io_loop loop_{io_, log_};
    signals signals_{io_, log_};
    name_lookup names_{loop_, log_};
    std::unique_ptr<control::control_socket> control_;
    worker_threads workers_{loop_, numbers_.process(), log_};
    credential_files files_{loop_, settings_, deployment_, workers_, numbers_, log_};
    drain drain_;
    supervision supervision_; ///< its watchdog asks the workers, so it ends before them
    std::unique_ptr<exporter::exporter> exporter_;
    bool reloading_ = false;
    std::vector<reload_done> asked_reload_;  ///< by whom the reload under way was asked for
    std::vector<reload_done> asked_another_; ///< who came meanwhile: for them it is done again
    bool was_told_to_stop_ = false;          ///< by a signal
    int exit_code_ = 0;
};

} // namespace ferrule::process
