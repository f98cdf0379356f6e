// What the service manager is told and asks for: the protocol of sd_notify(3) and
// sd_watchdog_enabled(3), through libsystemd. Without a service manager nothing happens.
#pragma once

#include "base/time.hpp"

#include <optional>
#include <string>

namespace ferrule::process {

/// Any thread.
class service_manager {
public:
    /// True if somebody listens ($NOTIFY_SOCKET is set).
    bool is_there() const noexcept;

    void ready(const std::string& status) const;

    /// Until the next `ready`. Since systemd 253 `Type=notify-reload` waits for that one.
    void reloading() const;

    void stopping(const std::string& status) const;

    /// What `systemctl status` shows.
    void status(const std::string& status) const;

    /// Starting or stopping takes at least this much longer from now on (EXTEND_TIMEOUT_USEC).
    void extend_timeout(base::milliseconds from_now) const;

    /// How often `alive` has to be said at least (WatchdogSec=); nullopt if nobody waits for it.
    std::optional<base::microseconds> watchdog_interval() const;

    void alive() const;
};

} // namespace ferrule::process
