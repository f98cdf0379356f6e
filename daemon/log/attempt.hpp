// What the main thread does upon an event, and what it does if that cannot be done: say so, and go
// on. A want of memory or of threads is no reason to end the process (docs/endings.md, E9).
#pragma once

#include "log/session_log.hpp"

#include <exception>
#include <string>
#include <string_view>

namespace ferrule::log {

/// Calls `act`. If it throws, "cannot TRYING: why" is logged as an error, and false returned.
/// `trying` is an infinitive: "look names up".
template <typename Act>
bool attempt(session_log& log, std::string_view trying, Act&& act) noexcept
{
    try {
        act();
        return true;
    } catch (const std::exception& error) {
        try {
            log.say(config::log_level::error,
                    "cannot " + std::string{trying} + ": " + error.what());
        } catch (const std::exception&) {
            // Not even a line: there is no memory at all.
        }
    }
    return false;
}

} // namespace ferrule::log
