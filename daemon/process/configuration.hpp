// The settings in force, and how others take their place: whole, or not at all.
#pragma once

#include "backends/resolve.hpp"
#include "config/settings.hpp"
#include "log/session_log.hpp"
#include "metrics/registry.hpp"
#include "process/credential_files.hpp"
#include "process/deployment.hpp"
#include "process/main_loop.hpp"
#include "process/worker_pool.hpp"

#include <functional>
#include <string>
#include <vector>

namespace ferrule::process {

/// Main thread only.
class configuration {
public:
    /// How the exporter is protected as these settings say. Throws std::runtime_error if it cannot
    /// be, and then has changed nothing.
    using protector = std::function<void(const config::settings& settings)>;

    /// `in_force` is replaced by each reload that succeeds. All that is given must outlive it.
    configuration(main_loop& loop, config::settings& in_force, deployment& deployed,
                  worker_pool& workers, credential_files& files, metrics::registry& numbers,
                  log::session_log& log, protector protect);

    /// The settings in force take effect for the first time. `prepared` is made of them, and
    /// listens.
    void begin(deployment::prepared prepared);

    /// Others take their place. `findings` is what the reader warns of, and `found` what was looked
    /// up for them. Throws std::exception with a text for the operator; then nothing has changed,
    /// but for series of new names (`keep_only_configured_series`).
    void replace(config::settings fresh, const backends::lookups& found,
                 const std::string& findings);

    /// The servers that have names have been looked up again.
    void learn(const backends::lookups& found);

    /// Drops the series of listeners and servers that are not configured: a deployment that adds
    /// and removes servers would pile up series of what is long gone.
    void keep_only_configured_series();

private:
    void give_to_workers(deployment::prepared& prepared);
    void say_what_is_open(const deployment::prepared& prepared);
    void take_effect(deployment::prepared& prepared, config::settings fresh);
    void warn_of_fixed_settings(const config::settings& fresh);
    void note_loaded();

    main_loop& loop_;
    config::settings& settings_;
    deployment& deployment_;
    worker_pool& workers_;
    credential_files& files_;
    metrics::registry& numbers_;
    log::session_log& log_;
    protector protect_;
};

/// How many worker threads `workers` means for this process.
int worker_count(const config::settings& settings);

} // namespace ferrule::process
