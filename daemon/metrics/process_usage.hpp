// What the kernel says of this process, under the names that Prometheus client libraries share.
#pragma once

#include <optional>

namespace ferrule::metrics {

struct process_usage {
    double resident_memory_bytes = 0;
    double open_fds = 0;
    double max_fds = 0;
    double cpu_seconds = 0;
    double start_time_seconds = 0; ///< Unix time
    double threads = 0;
};

/// Reads /proc (proc(5)). nullopt if it is not there, as in some containers. Any thread.
std::optional<process_usage> read_process_usage();

} // namespace ferrule::metrics
