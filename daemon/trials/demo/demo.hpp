// `ferrule demo`: everything in one process, so that a newcomer sees endings within a minute.
#pragma once

#include <cstdint>

namespace ferrule::demo {

struct demo_options {
    std::uint16_t port = 8443;         ///< 0: the kernel chooses
    std::uint16_t metrics_port = 9464; ///< 0: the kernel chooses
};

/// Serves the embedded backend behind TLS on loopback until a signal ends it; prints what to try,
/// and a readable line for each session. Returns the exit code; throws std::exception if it cannot
/// start.
int run_demo(const demo_options& options);

} // namespace ferrule::demo
