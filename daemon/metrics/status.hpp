// From numbers to /status.json, which the status page shows. docs/metrics.md has its fields.
#pragma once

#include "metrics/families.hpp"
#include "metrics/recent_endings.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace ferrule::metrics {

/// One JSON object (RFC 8259, UTF-8 whatever clients have sent), sums over workers. `started` is
/// when the process began. Allocates; for the exporter's thread, not for workers.
std::string status_json(const readings& now, const std::vector<record::ended_session>& newest_first,
                        std::chrono::system_clock::time_point started,
                        std::chrono::system_clock::time_point moment);

} // namespace ferrule::metrics
