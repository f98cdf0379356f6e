// The log: one line for each ended session, and the process's own messages.
//
// A worker hands over a record by copying it into a ring of its own (no lock, no allocation, no
// system call while the writer is awake); a single writer thread turns records into text and gives
// them to spdlog. A full ring drops the line and counts it: the data path never waits for a disk.
#pragma once

#include "config/settings.hpp"
#include "log/text.hpp"
#include "metrics/registry.hpp"
#include "record/ended_session.hpp"
#include "record/recorder.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace ferrule::log {

/// One session as a line without time and level, in key=value form (the manual's order of fields).
std::string text_line(const record::ended_session& ended);

/// The same as one JSON object, with "time" and "level".
std::string json_line(const record::ended_session& ended);

/// What was recorded of it as a line without time and level, in key=value form, and as one JSON
/// object (docs/endings.md, "The trace").
std::string text_trace_line(const record::ended_session& ended, const record::recorder& recording);
std::string json_trace_line(const record::ended_session& ended, const record::recorder& recording);

/// A session for a newcomer: one readable sentence (`ferrule demo`).
std::string demo_line(const record::ended_session& ended);

/// Any of them as it is written, with time and level unless it is for a newcomer.
std::string session_line(line_form form, const record::ended_session& ended);
std::string trace_line(line_form form, const record::ended_session& ended,
                       const record::recorder& recording);

/// The level of its line: debug for a probe, warning if it is abnormal, else info.
config::log_level level_of(const record::ended_session& ended) noexcept;

/// True if the session gets a line under `log.level` and `log.sessions`.
bool is_logged(const record::ended_session& ended, config::log_level level,
               config::logged_sessions which) noexcept;

class session_log {
public:
    enum class style : std::uint8_t { configured, demo };

    /// Opens the target (throws std::runtime_error with path and reason) and starts the writer.
    /// Dropped lines are counted in `numbers` (worker_counters for sessions, process_state for
    /// messages). `numbers` must outlive the log.
    session_log(const config::log_settings& settings, int workers, metrics::registry& numbers,
                style lines = style::configured);

    /// Writes what is still there, then stops the writer. Waits about a second at most for a target
    /// that takes nothing.
    ~session_log();
    session_log(const session_log&) = delete;
    session_log& operator=(const session_log&) = delete;

    /// Hands over an ended session, for its line and for the status page, and what was recorded of
    /// it, for a line behind it if it is abnormal. Only worker `worker`'s thread may call it; never
    /// blocks.
    void ended(int worker, const record::ended_session& session,
               record::recorder recording = {}) noexcept;

    /// Logs a message of the process itself. Any thread but not for use per session; never blocks
    /// on the target. A message may have several lines (diagnostics with their carets): each
    /// becomes a log line of its own in text, one "message" string in JSON.
    void say(config::log_level level, std::string_view message);

    /// Level, format and which sessions are logged may change at a reload; the target may not.
    void reconfigure(const config::log_settings& settings);

    /// Closes and opens the target file again by its path (after log rotation). The writer does it
    /// before its next line; if that fails, it says so in the old file and goes on there. Any
    /// thread.
    void reopen();

private:
    struct writer;
    std::unique_ptr<writer> writer_;
};

} // namespace ferrule::log
