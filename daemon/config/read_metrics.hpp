// The block `metrics`: where the numbers are served, and to whom.
#pragma once

#include "config/reader.hpp"
#include "config/settings.hpp"
#include "yaml/block.hpp"

namespace ferrule::config {

/// What serves the metrics, and where that is written: 0:0 if it is the default.
struct metrics_draft {
    std::optional<endpoint> address; ///< nullopt: off, or wrong
    yaml::place at;
};

/// Reads the block of `root` into `out_settings`. Certificate, key and password file are read from
/// the disk; relative paths are taken from `directory`.
metrics_draft read_metrics(const yaml::block& root, const std::string& directory,
                           const tls_inspector& inspect, settings& out_settings, yaml::report& out);

} // namespace ferrule::config
