#include "process/service_manager.hpp"

#include <systemd/sd-daemon.h>

#include <chrono>
#include <cstdlib>

namespace ferrule::process {

namespace {

// Nobody can be told that telling failed, so its result is not looked at.
void tell(const std::string& state)
{
    sd_notify(0, state.c_str());
}

/// CLOCK_MONOTONIC in microseconds, as RELOADING=1 wants it.
std::int64_t monotonic_microseconds()
{
    return std::chrono::duration_cast<base::microseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

} // namespace

bool service_manager::is_there() const noexcept
{
    const char* socket = std::getenv("NOTIFY_SOCKET");
    return socket != nullptr && *socket != '\0';
}

void service_manager::ready(const std::string& status) const
{
    tell("READY=1\nSTATUS=" + status);
}

void service_manager::reloading() const
{
    tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(monotonic_microseconds()) +
         "\nSTATUS=reloading");
}

void service_manager::stopping(const std::string& status) const
{
    tell("STOPPING=1\nSTATUS=" + status);
}

void service_manager::status(const std::string& status) const
{
    tell("STATUS=" + status);
}

void service_manager::extend_timeout(base::milliseconds from_now) const
{
    tell("EXTEND_TIMEOUT_USEC=" + std::to_string(base::microseconds{from_now}.count()));
}

std::optional<base::microseconds> service_manager::watchdog_interval() const
{
    std::uint64_t microseconds = 0;
    if (sd_watchdog_enabled(0, &microseconds) <= 0)
        return std::nullopt;
    return base::microseconds{static_cast<std::int64_t>(microseconds)};
}

void service_manager::alive() const
{
    tell("WATCHDOG=1");
}

} // namespace ferrule::process
