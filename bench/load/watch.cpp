#include "watch.hpp"

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

namespace load {
namespace {

double seconds_of(clockid_t clock)
{
    timespec time{};
    if (clock_gettime(clock, &time) != 0)
        return 0;
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// The parent, or 0. The fourth field of /proc/PID/stat, behind the name in parentheses.
pid_t parent_of(const std::filesystem::path& process)
{
    std::ifstream file(process / "stat");
    std::string text;
    std::getline(file, text);
    const auto behind_name = text.rfind(')');
    if (behind_name == std::string::npos || behind_name + 4 > text.size())
        return 0;
    return static_cast<pid_t>(std::strtol(text.c_str() + behind_name + 4, nullptr, 10));
}

std::vector<pid_t> tree(const std::vector<pid_t>& roots)
{
    std::multimap<pid_t, pid_t> children;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const auto id =
            static_cast<pid_t>(std::strtol(entry.path().filename().c_str(), nullptr, 10));
        if (id > 0)
            children.emplace(parent_of(entry.path()), id);
    }
    auto found = roots;
    for (std::size_t each = 0; each < found.size(); ++each)
        for (auto [at, end] = children.equal_range(found[each]); at != end; ++at)
            found.push_back(at->second);
    return found;
}

/// The first line of /proc/stat (proc_stat(5)).
void read_machine(usage& found)
{
    std::ifstream file("/proc/stat");
    std::string name;
    double user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, softirq = 0, stolen = 0;
    file >> name >> user >> nice >> system >> idle >> waiting >> irq >> softirq >> stolen;
    const auto tick = static_cast<double>(sysconf(_SC_CLK_TCK));
    found.machine_seconds = (user + nice + system + irq + softirq) / tick;
    found.stolen_seconds = stolen / tick;
}

std::uint64_t pss_of(pid_t process)
{
    std::ifstream file("/proc/" + std::to_string(process) + "/smaps_rollup");
    std::string word;
    while (file >> word) {
        std::uint64_t kib = 0;
        if (word == "Pss:" && file >> kib)
            return kib;
    }
    return 0;
}

} // namespace

usage watch::read(bool with_memory) const
{
    usage found;
    read_machine(found);
    if (roots_.empty())
        return found;
    for (const pid_t process : tree(roots_)) {
        // The kernel's own sum over the threads, dead ones too, in nanoseconds: what
        // /proc/PID/stat shows in hundredths of a second.
        clockid_t clock = 0;
        if (clock_getcpuclockid(process, &clock) == 0)
            found.cpu_seconds += seconds_of(clock);
        if (with_memory)
            found.pss_kib += pss_of(process);
    }
    return found;
}

double own_cpu_seconds()
{
    return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

} // namespace load
