// How many processors this process may really use: `workers: auto`.
#pragma once

#include <optional>
#include <string>

namespace ferrule::worker {

/// At least 1: those of the affinity mask (sched_setaffinity(2), cpusets), and no more than the
/// quota of processor time allows (cgroups: `docker run --cpus`, a pod's limit, CPUQuota=), rounded
/// up.
int usable_processors();

/// The processors that a control group's quota is worth, 0.5 for 50 ms in each 100; the least of
/// the group's own and those above it. nullopt if there is none. `groups` is what /proc/self/cgroup
/// says, `root` where the groups are mounted; version 1 and 2.
std::optional<double> processor_quota(const std::string& groups, const std::string& root);

} // namespace ferrule::worker
