// From numbers to the Prometheus text format: what each series is called, and what it means.
// docs/metrics.md lists the same series for operators.
#pragma once

#include "metrics/process_usage.hpp"
#include "metrics/registry.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ferrule::metrics {

/// The blocks of one listener, one for each worker that has asked for it.
struct listener_readings {
    std::string listener;
    std::vector<const listener_counters*> of_workers;
};

/// The blocks of one server of a backend.
struct server_readings {
    std::string backend;
    std::string server;
    std::vector<const server_counters*> of_workers;
};

struct certificate_reading {
    std::string listener;
    certificate_info info;
};

/// Everything that one scrape reads. The pointed-to blocks go on counting while it is written.
struct readings {
    std::vector<listener_readings> listeners;
    std::vector<server_readings> servers;
    std::vector<const worker_counters*> workers;
    std::vector<certificate_reading> certificates;
    std::map<std::string, double> certificates_loaded; ///< by listener, Unix time
    const process_state& process;
    std::optional<process_usage> usage; ///< nullopt: /proc cannot be read; its series are left out
};

/// The exposition, version 0.0.4. Sums over workers; label values are made valid UTF-8.
/// Allocates; for the exporter's thread, not for workers.
std::string exposition(const readings& now);

} // namespace ferrule::metrics
