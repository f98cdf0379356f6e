#include "process/file_watch.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace ferrule::process {

namespace {

std::int64_t nanoseconds_of(const timespec& time)
{
    return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

} // namespace

file_sightings look_at(const std::vector<std::string>& paths)
{
    file_sightings seen;
    for (const std::string& path : paths) {
        struct stat facts {};
        if (::stat(path.c_str(), &facts) != 0)
            seen.push_back({.error = errno});
        else
            seen.push_back({.device = facts.st_dev,
                            .inode = facts.st_ino,
                            .size = facts.st_size,
                            .modified_nanoseconds = nanoseconds_of(facts.st_mtim),
                            .changed_nanoseconds = nanoseconds_of(facts.st_ctim)});
    }
    return seen;
}

bool file_watch::is_due(const file_sightings& now)
{
    const bool rests = seen_ == now;
    seen_ = now;
    if (read_ == now) {
        restless_looks_ = 0;
        return false;
    }
    if (!rests && ++restless_looks_ < patience)
        return false;
    restless_looks_ = 0;
    read_ = now;
    return true;
}

} // namespace ferrule::process
