// The blocks about the process as a whole: workers, limits, log, control, drain, watch.
#pragma once

#include "config/settings.hpp"
#include "yaml/block.hpp"

namespace ferrule::config {

/// Where the control socket is, and where that is written.
struct control_draft {
    std::optional<endpoint> address; ///< nullopt: off, or wrong
    yaml::place at;
};

/// Reads these blocks of `root` into `out_settings`.
control_draft read_process(const yaml::block& root, settings& out_settings, yaml::report& out);

} // namespace ferrule::config
