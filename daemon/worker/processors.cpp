#include "worker/processors.hpp"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

namespace ferrule::worker {

namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file)
{
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>{in}, {}};
}

/// "50000 100000" or "max 100000".
std::optional<double> quota_of_version_2(const fs::path& group)
{
    std::istringstream in(text_of(group / "cpu.max"));
    double quota = 0;
    double period = 0;
    if (in >> quota >> period && quota > 0 && period > 0)
        return quota / period;
    return std::nullopt;
}

/// A quota of -1 is none.
std::optional<double> quota_of_version_1(const fs::path& group)
{
    std::istringstream quota_in(text_of(group / "cpu.cfs_quota_us"));
    std::istringstream period_in(text_of(group / "cpu.cfs_period_us"));
    double quota = 0;
    double period = 0;
    if (quota_in >> quota && period_in >> period && quota > 0 && period > 0)
        return quota / period;
    return std::nullopt;
}

/// The least quota of `path` below `root` and of all groups above it, `root` itself included: in a
/// container the path may be the host's, and what is mounted at `root` the container's own group.
template <typename QuotaOf>
std::optional<double> least_quota(const fs::path& root, const std::string& path, QuotaOf quota_of)
{
    std::optional<double> least = quota_of(root);
    fs::path group = root;
    for (const fs::path& name : fs::path(path).relative_path()) {
        group /= name;
        if (const auto quota = quota_of(group); quota.has_value())
            least = std::min(least.value_or(*quota), *quota);
    }
    return least;
}

int processors_of_affinity()
{
    cpu_set_t mask;
    CPU_ZERO(&mask);
    // With more than 1024 processors the call fails.
    if (sched_getaffinity(0, sizeof(mask), &mask) == 0)
        return CPU_COUNT(&mask);
    return static_cast<int>(std::thread::hardware_concurrency());
}

} // namespace

std::optional<double> processor_quota(const std::string& groups, const std::string& root)
{
    std::optional<double> least;
    const auto take = [&least](std::optional<double> quota) {
        if (quota.has_value())
            least = std::min(least.value_or(*quota), *quota);
    };
    // Lines "0::/path" (version 2) and "4:cpu,cpuacct:/path" (version 1).
    std::istringstream lines(groups);
    for (std::string line; std::getline(lines, line);) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos)
            continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        const std::string path = line.substr(second + 1);
        if (controllers.empty()) {
            take(least_quota(root, path, quota_of_version_2));
        } else if (("," + controllers + ",").find(",cpu,") != std::string::npos) {
            take(least_quota(fs::path(root) / controllers, path, quota_of_version_1));
        }
    }
    return least;
}

int usable_processors()
{
    const int allowed = processors_of_affinity();
    const std::optional<double> quota =
        processor_quota(text_of("/proc/self/cgroup"), "/sys/fs/cgroup");
    // A quota may be anything: as much as 1e9 is no limit.
    const double most = std::ceil(std::min(quota.value_or(allowed), 1e6));
    return std::max(1, std::min(allowed, static_cast<int>(most)));
}

} // namespace ferrule::worker
