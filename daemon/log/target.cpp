#include "log/target.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <limits>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace ferrule::log {

namespace {

constexpr std::size_t buffer_bytes_max = 64 * 1024;
constexpr int poll_milliseconds = 100; // how soon give_up_after() is noticed

std::string error_text(int error)
{
    return std::generic_category().message(error);
}

bool is_writable_now(int descriptor)
{
    pollfd waited{descriptor, POLLOUT, 0};
    return poll(&waited, 1, 0) == 1;
}

} // namespace

log_target::log_target(std::string name, metrics::process_state& lost)
    : name_{std::move(name)}, lost_{lost}, give_up_at_{std::numeric_limits<base::clock::rep>::max()}
{
    if (const std::string error = open(); !error.empty())
        throw std::runtime_error("log.target: " + error);
}

/// Empty if it went well; descriptor_ stays as it was if not.
std::string log_target::open()
{
    if (name_ == "stderr")
        return open_standard(STDERR_FILENO);
    if (name_ == "stdout")
        return open_standard(STDOUT_FILENO);
    // O_NONBLOCK does nothing to a file, but much to a named pipe.
    net::descriptor opened{::open(
        name_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640)};
    if (!opened.is_open())
        return "cannot open " + name_ + ": " + error_text(errno);
    descriptor_ = std::move(opened);
    way_ = way::direct;
    return {};
}

/// O_NONBLOCK belongs to the open file description, which we share with whoever started us, so it
/// must not be set there. Opening a pipe or a terminal by its name in /proc makes a new description
/// (pipe(7), proc(5)); where that is not allowed, small steps have to do.
std::string log_target::open_standard(int number)
{
    struct stat file {};
    if (fstat(number, &file) != 0)
        return name_ + ": " + error_text(errno);
    if (S_ISFIFO(file.st_mode) || S_ISCHR(file.st_mode)) {
        const std::string path = "/proc/self/fd/" + std::to_string(number);
        descriptor_ = net::descriptor{
            ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
        if (descriptor_.is_open())
            return {};
        way_ = way::small_steps;
    } else if (S_ISSOCK(file.st_mode)) {
        way_ = way::socket;
    }
    descriptor_ = net::descriptor{fcntl(number, F_DUPFD_CLOEXEC, 0)};
    return descriptor_.is_open() ? std::string{} : name_ + ": " + error_text(errno);
}

void log_target::append(line_kind kind, std::string_view line)
{
    if (buffer_.size() + line.size() > buffer_bytes_max)
        flush();
    if (buffer_.empty() && is_torn_)
        buffer_ += '\n'; // or this line would become the rest of the one that was cut
    buffer_ += line;
    buffer_ += '\n';
    lines_.push_back({buffer_.size(), kind});
}

void log_target::flush()
{
    std::size_t written = 0;
    int error = 0;
    while (written < buffer_.size() && error == 0) {
        const long size = write_some(buffer_.data() + written, buffer_.size() - written);
        if (size > 0)
            written += static_cast<std::size_t>(size);
        else if (size == 0)
            error = EIO; // write(2) does not say so for what we write to, but that would be a spin
        else if (errno == EAGAIN && !wait_until_writable())
            error = EAGAIN;
        else if (errno != EAGAIN && errno != EINTR)
            error = errno;
    }
    settle(written, error);
}

/// As write(2): the number of bytes, or -1 and errno.
long log_target::write_some(const char* bytes, std::size_t size) const
{
    switch (way_) {
    case way::direct: break;
    case way::socket: return send(descriptor_.get(), bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    case way::small_steps:
        if (!is_writable_now(descriptor_.get())) {
            errno = EAGAIN;
            return -1;
        }
        size = std::min<std::size_t>(size, PIPE_BUF);
        break;
    }
    return write(descriptor_.get(), bytes, size);
}

/// False when it is time to give up.
bool log_target::wait_until_writable() const
{
    while (base::clock::now().time_since_epoch().count() <
           give_up_at_.load(std::memory_order_relaxed)) {
        pollfd waited{descriptor_.get(), POLLOUT, 0};
        if (poll(&waited, 1, poll_milliseconds) == 1)
            return true;
    }
    return false;
}

/// Counts what was lost and begins anew.
void log_target::settle(std::size_t written, int error)
{
    const auto first_lost =
        std::find_if(lines_.begin(), lines_.end(),
                     [written](const line_end& line) { return line.offset > written; });
    std::for_each(first_lost, lines_.end(), [this](const line_end& line) {
        ++(line.kind == line_kind::session ? lost_.session_lines_dropped
           : line.kind == line_kind::trace ? lost_.traces_dropped
                                           : lost_.log_lines_dropped);
        ++lost_lines_;
    });
    if (written > 0)
        is_torn_ = buffer_[written - 1] != '\n';
    const bool wrote_something = !buffer_.empty() && error == 0;
    buffer_.clear();
    lines_.clear();

    if (error != 0 && error != EAGAIN && !is_failing_) {
        is_failing_ = true;
        tell_standard_error(error_text(error) + "; lines are dropped until it takes them again");
    } else if (wrote_something && is_failing_) {
        is_failing_ = false;
        tell_standard_error("it takes lines again; " + std::to_string(lost_lines_) +
                            " were dropped");
    }
    if (!is_failing_)
        lost_lines_ = 0;
}

std::string log_target::reopen()
{
    if (name_ == "stderr" || name_ == "stdout")
        return {};
    return open();
}

void log_target::give_up_after(base::milliseconds duration) noexcept
{
    give_up_at_.store((base::clock::now() + duration).time_since_epoch().count(),
                      std::memory_order_relaxed);
}

/// Where an operator looks when the log itself is the trouble. Never waits.
void log_target::tell_standard_error(std::string_view what) const
{
    if (name_ == "stderr" || !is_writable_now(STDERR_FILENO))
        return;
    std::string line = "ferrule: log: " + name_ + ": ";
    line += what;
    line += '\n';
    if (write(STDERR_FILENO, line.data(), std::min<std::size_t>(line.size(), PIPE_BUF)) < 0)
        return; // there is nobody else to tell
}

} // namespace ferrule::log
