// The configuration file that a subcommand was given.
#pragma once

#include "config/settings.hpp"

#include <optional>
#include <string>

namespace ferrule::commands {

/// Reads it and prints its findings to standard error; nothing if one of them is an error.
std::optional<config::settings> read_configuration(const std::string& path);

} // namespace ferrule::commands
