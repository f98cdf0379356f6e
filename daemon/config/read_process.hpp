// The blocks about the process as a whole: workers, limits, log, metrics, drain, watch.
#pragma once

#include "config/block.hpp"
#include "config/settings.hpp"

namespace ferrule::config {

/// What serves the metrics, and where that is written: 0:0 if it is the default.
struct metrics_draft {
    std::optional<endpoint> address; ///< nullopt: off, or wrong
    place at;
};

struct control_draft {
    std::optional<endpoint> address; ///< nullopt: off, or wrong
    place at;
};

struct process_draft {
    metrics_draft metrics;
    control_draft control;
};

/// Reads these blocks of `root` into `out_settings`.
process_draft read_process(const block& root, settings& out_settings, report& out);

} // namespace ferrule::config
