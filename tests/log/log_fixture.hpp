// What the tests of the log share: targets that misbehave, and ways to look at what was written.
#pragma once

#include "log/session_log.hpp"
#include "metrics/registry.hpp"
#include "record/session_records.hpp"
#include "support/temporary_folder.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace ferrule::test {

inline std::vector<std::string> lines_of(const std::string& path)
{
    std::ifstream file(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);)
        lines.push_back(line);
    return lines;
}

inline std::size_t count_lines(const std::string& text)
{
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

/// True as soon as `holds()` is; false if it is not within ten seconds.
template <typename Holds>
bool soon(Holds holds)
{
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!holds()) {
        if (std::chrono::steady_clock::now() > end)
            return false;
        std::this_thread::yield();
    }
    return true;
}

/// The reading end of a pipe, a named pipe or a socket.
class reading_end {
public:
    explicit reading_end(int descriptor) : descriptor_{descriptor} {}
    ~reading_end() { close(); }
    reading_end(const reading_end&) = delete;
    reading_end& operator=(const reading_end&) = delete;

    /// Waits at most ten seconds for the mark.
    std::string read_to(const std::string& mark)
    {
        std::string text;
        while (text.find(mark) == std::string::npos && read_some(text, 10'000)) {
        }
        return text;
    }
    /// What is there until nothing has come for some milliseconds, or until the end.
    std::string read_rest(int milliseconds)
    {
        std::string text;
        while (read_some(text, milliseconds)) {
        }
        return text;
    }
    void close()
    {
        if (descriptor_ >= 0)
            ::close(descriptor_);
        descriptor_ = -1;
    }

private:
    bool read_some(std::string& into, int milliseconds) const
    {
        pollfd waited{descriptor_, POLLIN, 0};
        if (poll(&waited, 1, milliseconds) <= 0)
            return false;
        char bytes[65536];
        const auto size = ::read(descriptor_, bytes, sizeof bytes);
        if (size > 0)
            into.append(bytes, static_cast<std::size_t>(size));
        return size > 0;
    }

    int descriptor_;
};

/// While it lives, standard error is another descriptor (of which it becomes the owner).
class standard_error {
public:
    explicit standard_error(int descriptor) : before_{fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10)}
    {
        dup2(descriptor, STDERR_FILENO);
        ::close(descriptor);
    }
    ~standard_error() { restore(); }
    standard_error(const standard_error&) = delete;
    standard_error& operator=(const standard_error&) = delete;

    void restore()
    {
        if (before_ >= 0) {
            dup2(before_, STDERR_FILENO);
            ::close(before_);
        }
        before_ = -1;
    }

private:
    int before_;
};

class session_log_test : public testing::Test {
protected:
    using session_log = log::session_log;

    std::unique_ptr<session_log> make(session_log::style style = session_log::style::configured)
    {
        return std::make_unique<session_log>(settings, workers, numbers, style);
    }

    /// A named pipe as the target, with a reader that does not read yet.
    std::unique_ptr<reading_end> target_pipe()
    {
        settings.target = folder / "pipe";
        EXPECT_EQ(mkfifo(settings.target.c_str(), 0600), 0);
        return std::make_unique<reading_end>(
            open(settings.target.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    }

    std::uint64_t dropped_traces()
    {
        std::uint64_t dropped = numbers.process().traces_dropped;
        for (int worker = 0; worker < workers; ++worker)
            dropped += numbers.of_worker(worker).traces_dropped.get();
        return dropped;
    }

    std::uint64_t dropped_sessions()
    {
        std::uint64_t dropped = numbers.process().session_lines_dropped;
        for (int worker = 0; worker < workers; ++worker)
            dropped += numbers.of_worker(worker).log_lines_dropped.get();
        return dropped;
    }

    static std::chrono::steady_clock::duration time_to_end(std::unique_ptr<session_log> log)
    {
        const auto start = std::chrono::steady_clock::now();
        log.reset();
        return std::chrono::steady_clock::now() - start;
    }

    temporary_folder folder;
    const std::string path = folder / "ferrule.log";
    config::log_settings settings{config::log_level::info, config::log_format::text, path,
                                  config::logged_sessions::all};
    int workers = 1;
    metrics::registry numbers{4};
};

} // namespace ferrule::test
