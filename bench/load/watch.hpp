#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace load {

/// What a process and all that descend from it have used so far.
struct usage {
    double cpu_seconds = 0;     ///< user + system, of threads that have ended as well
    std::uint64_t pss_kib = 0;  ///< proportional set size, if asked for
    double machine_seconds = 0; ///< CPU time of all processes, to a hundredth or so
    double stolen_seconds = 0;  ///< what the hypervisor gave to others
};

/// Looks at the proxy while the load runs. All children of the process are found anew each time.
class watch {
public:
    /// Without processes only the machine is watched.
    explicit watch(std::vector<pid_t> roots) : roots_(std::move(roots)) {}
    usage read(bool with_memory = false) const;

private:
    std::vector<pid_t> roots_;
};

/// CPU seconds of this process.
double own_cpu_seconds();

} // namespace load
