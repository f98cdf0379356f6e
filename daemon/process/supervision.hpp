// What the service manager and /healthz are told while the process runs and drains.
#pragma once

#include "log/session_log.hpp"
#include "metrics/registry.hpp"
#include "process/main_loop.hpp"
#include "process/service_manager.hpp"
#include "process/watchdog.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ferrule::process {

/// Main thread only. Without a service manager nobody is told, but the workers are watched.
class supervision {
public:
    /// `cut_in`: how long until a drain cuts what is left; nullopt if there is no drain. All that
    /// is given must outlive it.
    supervision(main_loop& loop, metrics::registry& numbers, log::session_log& log,
                std::function<std::optional<base::milliseconds>()> cut_in);

    /// Asks the workers for signs of life, on a thread of its own. Throws std::system_error.
    void watch(std::vector<watchdog::ask> workers);

    /// Waits for that thread. To be called before the workers end.
    void stop_watching();

    /// The process serves. From now on the line that `systemctl status` shows is written anew now
    /// and then.
    void ready();

    void reloading();

    /// The last reload is over, well or not. A process that drains does not become ready again.
    void reloaded();

    /// A drain has begun.
    void stopping();

    /// "ready: 3 sessions open (1 half-closed, 1 closing)", and what else is to be known.
    std::string status_text() const;

private:
    void tell_later();

    metrics::registry& numbers_;
    log::session_log& log_;
    std::function<std::optional<base::milliseconds>()> cut_in_;
    service_manager manager_;
    std::unique_ptr<timer> timer_;
    std::unique_ptr<watchdog> watchdog_;
};

} // namespace ferrule::process
