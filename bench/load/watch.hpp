#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace load {

/// What a process and all that descend from it have used so far.
struct usage {
    double cpu_seconds = 0;    ///< user + system, of threads that have ended as well
    std::uint64_t pss_kib = 0; ///< proportional set size, if asked for
};

/// Looks at the proxy while the load runs. All children of the process are found anew each time.
class watch {
public:
    /// Nothing is watched, and all is 0, without processes.
    explicit watch(std::vector<pid_t> roots) : roots_(std::move(roots)) {}
    usage read(bool with_memory = false) const;

private:
    std::vector<pid_t> roots_;
};

/// CPU seconds of this process.
double own_cpu_seconds();

} // namespace load
