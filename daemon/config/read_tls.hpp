// `listeners[].tls`: options, and the files behind them.
#pragma once

#include "config/block.hpp"
#include "config/reader.hpp"
#include "config/settings.hpp"

#include <string>

namespace ferrule::config {

/// Reads the block `from` and its files; relative paths are taken from `directory`. What `inspect`
/// finds is reported at the option it is about, unless that option is already known to be wrong.
tls_settings read_tls(const field& from, const std::string& directory, const tls_inspector& inspect,
                      report& out);

} // namespace ferrule::config
