#include "metrics/process_usage.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <string>

namespace ferrule::metrics {

namespace {

// Since Linux 6.2 the folder's size is the number of descriptors; walking it costs a good part of a
// second with a hundred thousand of them, so that is only for older kernels.
std::optional<double> count_open_fds()
{
    struct stat folder {};
    if (stat("/proc/self/fd", &folder) != 0)
        return std::nullopt;
    if (folder.st_size > 0)
        return static_cast<double>(folder.st_size);
    std::error_code error;
    std::filesystem::directory_iterator entries("/proc/self/fd", error);
    if (error)
        return std::nullopt;
    return static_cast<double>(std::distance(begin(entries), end(entries)) - 1); // less its own
}

double fd_limit()
{
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return std::numeric_limits<double>::infinity();
    return static_cast<double>(limit.rlim_cur);
}

std::optional<double> boot_time_seconds()
{
    std::ifstream file("/proc/stat");
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::string name;
        double seconds = 0;
        if (words >> name >> seconds && name == "btime")
            return seconds;
    }
    return std::nullopt;
}

} // namespace

std::optional<process_usage> read_process_usage()
{
    std::ifstream file("/proc/self/stat");
    std::string line;
    std::getline(file, line);
    // The second field is the program's name in parentheses, and a name may hold anything.
    const auto name_end = line.rfind(')');
    if (name_end == std::string::npos)
        return std::nullopt;

    std::istringstream fields(line.substr(name_end + 1));
    std::string state;
    fields >> state; // field 3 of proc(5)
    double values[22] = {};
    for (double& value : values) // fields 4 to 25
        fields >> value;
    const auto field = [&values](int number) { return values[number - 4]; };
    const auto open_fds = count_open_fds();
    const auto boot_time = boot_time_seconds();
    if (!fields || !open_fds || !boot_time)
        return std::nullopt;

    const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
    process_usage usage;
    usage.resident_memory_bytes = field(24) * static_cast<double>(sysconf(_SC_PAGESIZE));
    usage.open_fds = *open_fds;
    usage.max_fds = fd_limit();
    usage.cpu_seconds = (field(14) + field(15)) / ticks_per_second;
    usage.start_time_seconds = *boot_time + field(22) / ticks_per_second;
    usage.threads = field(20);
    return usage;
}

} // namespace ferrule::metrics
