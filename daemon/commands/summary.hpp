// What a configuration means, for `ferrule check`.
#pragma once

#include "config/settings.hpp"

#include <string>

namespace ferrule::commands {

/// The longest that an ending takes if the peers stay silent from the first end on; derived from
/// the options (docs/endings.md, "How long an ending can take").
base::milliseconds longest_silent_ending(const config::shutdown_settings& options);

/// A few lines for each listener.
std::string summary(const config::settings& settings);

} // namespace ferrule::commands
