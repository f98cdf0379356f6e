// Where the log's lines go: standard error, standard output or a file.
//
// The log's own thread writes here and may wait here, but never without a way out: no write(2) is
// entered that could block for ever, since a thread stuck in one cannot be joined.
#pragma once

#include "base/time.hpp"
#include "metrics/registry.hpp"
#include "net/descriptor.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ferrule::log {

/// What a lost line is counted as.
enum class line_kind : std::uint8_t { session, trace, message };

/// One thread, except for give_up_after().
class log_target {
public:
    /// `name` is "stderr", "stdout" or a path. Lost lines are counted in `lost`, which must outlive
    /// the target. Throws std::runtime_error with the name and the reason.
    log_target(std::string name, metrics::process_state& lost);

    /// Takes a line (without its end). It is written at the latest by the next flush().
    void append(line_kind kind, std::string_view line);

    /// Writes what was taken. Waits for a target that takes nothing now (a pipe that nobody reads),
    /// until it does or give_up_after() has passed. What could not be written is lost and counted;
    /// standard error is told once when that begins and once when it is over.
    void flush();

    /// Opens the path again, for after a rotation. If that fails, the old file stays in use and the
    /// answer says why; else it is empty.
    std::string reopen();

    /// From then on flush() waits no more. Any thread.
    void give_up_after(base::milliseconds duration) noexcept;

private:
    /// How to write without blocking, which depends on what is behind the descriptor.
    enum class way : std::uint8_t {
        direct,      ///< a file, or a description of our own with O_NONBLOCK
        socket,      ///< send(2) with MSG_DONTWAIT
        small_steps, ///< a pipe shared with others: only as much as poll(2) promises room for
    };

    struct line_end {
        std::size_t offset; ///< in buffer_, behind the newline
        line_kind kind;
    };

    std::string open();
    std::string open_standard(int number);
    long write_some(const char* bytes, std::size_t size) const;
    bool wait_until_writable() const;
    void settle(std::size_t written, int error);
    void tell_standard_error(std::string_view what) const;

    const std::string name_;
    metrics::process_state& lost_;
    net::descriptor descriptor_;
    way way_ = way::direct;
    std::string buffer_;
    std::vector<line_end> lines_;
    bool is_torn_ = false;         ///< the last byte written was not the end of a line
    bool is_failing_ = false;      ///< the last flush lost lines to an error
    std::uint64_t lost_lines_ = 0; ///< since is_failing_
    std::atomic<base::clock::rep> give_up_at_;
};

} // namespace ferrule::log
