// What entries say of each other: names, references, addresses.
#pragma once

#include "config/read_listeners.hpp"
#include "config/read_metrics.hpp"
#include "config/read_process.hpp"
#include "yaml/block.hpp"

namespace ferrule::config {

/// Reports names that are used twice, references to no backend, and backends that nobody uses.
/// Where an entry's own name or reference is wrong, what could follow from that is not reported.
void check_names(const drafts<listener_draft>& listeners, const drafts<backend_draft>& backends,
                 yaml::report& out);

/// Reports addresses of which only one can be served: the same twice, or all addresses of a port
/// and one of them. (The sockets set SO_REUSEPORT, so the kernel would not mind.) "localhost" is
/// 127.0.0.1 and ::1, other names are not looked up. `metrics` and `control` are held against the
/// listeners, too.
void check_addresses(const std::vector<listener_draft>& listeners, const metrics_draft& metrics,
                     const control_draft& control, yaml::report& out);

} // namespace ferrule::config
