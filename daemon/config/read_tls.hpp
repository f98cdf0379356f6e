// `listeners[].tls`: options, and the files behind them.
#pragma once

#include "config/reader.hpp"
#include "config/settings.hpp"
#include "yaml/block.hpp"

#include <string>

namespace ferrule::config {

/// Reads the block `from` and its files; relative paths are taken from `directory`. What `inspect`
/// finds is reported at the option it is about, unless that option is already known to be wrong.
tls_settings read_tls(const yaml::field& from, const std::string& directory,
                      const tls_inspector& inspect, yaml::report& out);

} // namespace ferrule::config
