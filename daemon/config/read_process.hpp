// The blocks about the process as a whole: workers, limits, log, drain.
#pragma once

#include "config/block.hpp"
#include "config/settings.hpp"

namespace ferrule::config {

/// Reads these blocks of `root` into `out_settings`.
void read_process(const block& root, settings& out_settings, report& out);

} // namespace ferrule::config
