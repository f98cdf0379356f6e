// The blocks about the process as a whole: workers, limits, log, control, drain, watch.
#pragma once

#include "config/block.hpp"
#include "config/settings.hpp"

namespace ferrule::config {

/// Where the control socket is, and where that is written.
struct control_draft {
    std::optional<endpoint> address; ///< nullopt: off, or wrong
    place at;
};

/// Reads these blocks of `root` into `out_settings`.
control_draft read_process(const block& root, settings& out_settings, report& out);

} // namespace ferrule::config
