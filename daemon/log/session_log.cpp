#include "log/session_log.hpp"

#include "base/check.hpp"
#include "base/thread.hpp"
#include "log/doorbell.hpp"
#include "log/record_ring.hpp"
#include "log/target.hpp"
#include "log/text.hpp"

#include <spdlog/details/null_mutex.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace ferrule::log {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t messages_max = 4096;
constexpr base::milliseconds stop_timeout = 900ms; // for a target that takes nothing
constexpr base::milliseconds gathering = 10ms;

constexpr const char* session_logger = "session";
constexpr const char* trace_logger = "trace";
constexpr const char* message_logger = "message";

constexpr auto logged = spdlog::level::info; // what is written was decided before

/// spdlog's sinks throw when a disk is full and block on a pipe; ours (log_target) does neither.
/// Lines come ready made, so there is no formatter, and from one thread, so there is no mutex.
class target_sink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
public:
    explicit target_sink(log_target& target) : target_{target} {}

protected:
    void sink_it_(const spdlog::details::log_msg& line) override
    {
        const line_kind kind = line.logger_name == session_logger ? line_kind::session
                               : line.logger_name == trace_logger ? line_kind::trace
                                                                  : line_kind::message;
        target_.append(kind, {line.payload.data(), line.payload.size()});
    }
    void flush_() override { target_.flush(); }

private:
    log_target& target_;
};

} // namespace

/// The writer thread, and what it shares with the others.
struct session_log::writer {
    struct message {
        config::log_level level;
        std::int64_t at_microseconds;
        std::string text;
    };

    writer(const config::log_settings& settings, int workers, metrics::registry& numbers,
           style wanted);
    ~writer();

    line_form form() const noexcept;
    void run();
    bool has_work();
    void reopen_target();
    bool write_messages();
    bool write_sessions();
    void write_message(const message& said);
    void write_session(const record::ended_session& ended);
    void write_trace(const handed_over& ended);

    const style lines;
    std::atomic<config::log_level> level;
    std::atomic<config::log_format> format;
    std::atomic<config::logged_sessions> sessions;

    metrics::process_state& process;
    metrics::recent_endings& endings;
    std::vector<metrics::worker_counters*> counters; ///< [worker]
    std::vector<std::unique_ptr<record_ring>> rings; ///< [worker]
    std::mutex mutex;
    std::deque<message> messages; ///< under the mutex

    doorbell bell; ///< rung after anything is handed to the writer
    std::atomic<bool> wants_reopen{false};
    std::atomic<bool> is_stopping{false};

    log_target target;
    std::shared_ptr<target_sink> sink = std::make_shared<target_sink>(target);
    spdlog::logger session_lines{session_logger, sink};
    spdlog::logger trace_lines{trace_logger, sink};
    spdlog::logger process_lines{message_logger, sink};
    std::thread thread;
};

session_log::writer::writer(const config::log_settings& settings, int workers,
                            metrics::registry& numbers, style wanted)
    : lines{wanted},
      level{settings.level},
      format{settings.format},
      sessions{settings.sessions},
      process{numbers.process()},
      endings{numbers.endings()},
      target{settings.target, process}
{
    for (int worker = 0; worker < workers; ++worker) {
        counters.push_back(&numbers.of_worker(worker));
        rings.push_back(std::make_unique<record_ring>());
    }
    thread = base::start_thread("ferrule-log", [this] { run(); });
}

session_log::writer::~writer()
{
    target.give_up_after(stop_timeout);
    is_stopping = true;
    bell.ring();
    thread.join();
}

line_form session_log::writer::form() const noexcept
{
    if (lines == style::demo)
        return line_form::demo;
    const bool is_json = format.load(std::memory_order_relaxed) == config::log_format::json;
    return is_json ? line_form::json : line_form::text;
}

bool session_log::writer::has_work()
{
    if (is_stopping || wants_reopen)
        return true;
    for (const auto& ring : rings)
        if (!ring->is_empty())
            return true;
    const std::lock_guard lock{mutex};
    return !messages.empty();
}

void session_log::writer::run()
{
    for (;;) {
        const bool is_last = is_stopping; // before looking: what came before that is still written
        if (wants_reopen.exchange(false))
            reopen_target();
        const bool wrote_messages = write_messages();
        const bool wrote_sessions = write_sessions();
        if (wrote_messages || wrote_sessions) {
            session_lines.flush();
            // A busy time has many ends: gathering them costs less than being woken for each.
            if (!is_stopping)
                std::this_thread::sleep_for(gathering);
        } else if (is_last) {
            return;
        } else {
            bell.sleep_unless([this] { return has_work(); });
        }
    }
}

void session_log::writer::reopen_target()
{
    if (const std::string error = target.reopen(); !error.empty())
        write_message({config::log_level::error, unix_microseconds(),
                       "log: " + error + "; going on with the file that is open"});
    session_lines.flush();
}

bool session_log::writer::write_messages()
{
    std::deque<message> taken;
    {
        const std::lock_guard lock{mutex};
        taken.swap(messages);
    }
    for (const message& said : taken)
        write_message(said);
    return !taken.empty();
}

bool session_log::writer::write_sessions()
{
    bool found = false;
    for (const auto& ring : rings) {
        // At most one round, so that a busy worker does not keep the others' lines waiting.
        for (std::uint32_t count = 0; count < record_ring::capacity; ++count) {
            const handed_over* ended = ring->front();
            if (ended == nullptr)
                break;
            found = true;
            endings.note(ended->session);
            if (ended->is_logged)
                write_session(ended->session);
            if (ended->recording.size() > 0)
                write_trace(*ended);
            ring->pop();
        }
    }
    return found;
}

void session_log::writer::write_session(const record::ended_session& ended)
try {
    const std::string line = session_line(form(), ended);
    session_lines.log(logged, spdlog::string_view_t{line});
} catch (const std::exception&) { // no memory
    ++process.session_lines_dropped;
}

void session_log::writer::write_trace(const handed_over& ended)
try {
    const std::string line = trace_line(form(), ended.session, ended.recording);
    trace_lines.log(logged, spdlog::string_view_t{line});
} catch (const std::exception&) { // no memory
    ++process.traces_dropped;
}

void session_log::writer::write_message(const message& said)
try {
    for (const std::string& line :
         message_lines(form(), said.level, said.at_microseconds, said.text))
        process_lines.log(logged, spdlog::string_view_t{line});
} catch (const std::exception&) { // no memory
    ++process.log_lines_dropped;
}

session_log::session_log(const config::log_settings& settings, int workers,
                         metrics::registry& numbers, style lines)
    : writer_{std::make_unique<writer>(settings, workers, numbers, lines)}
{
}

session_log::~session_log() = default;

void session_log::ended(int worker, const record::ended_session& session,
                        record::recorder recording) noexcept
{
    const auto index = static_cast<std::size_t>(worker);
    CHECK(index < writer_->rings.size(), "a worker's number is below the number of workers");
    const bool has_line = is_logged(session, writer_->level.load(std::memory_order_relaxed),
                                    writer_->sessions.load(std::memory_order_relaxed));
    const bool has_trace = has_line && recording.size() > 0 && record::is_abnormal(session);
    if (!has_trace)
        recording = {};
    if (writer_->rings[index]->push(session, has_line, std::move(recording))) {
        writer_->bell.ring();
    } else if (has_line) {
        writer_->counters[index]->log_lines_dropped.add();
        if (has_trace)
            writer_->counters[index]->traces_dropped.add();
    }
}

void session_log::say(config::log_level level, std::string_view message)
{
    if (level < writer_->level.load(std::memory_order_relaxed))
        return;
    {
        const std::lock_guard lock{writer_->mutex};
        if (writer_->messages.size() >= messages_max) {
            ++writer_->process.log_lines_dropped;
            return;
        }
        writer_->messages.push_back({level, unix_microseconds(), std::string{message}});
    }
    writer_->bell.ring();
}

void session_log::reconfigure(const config::log_settings& settings)
{
    writer_->level = settings.level;
    writer_->format = settings.format;
    writer_->sessions = settings.sessions;
}

void session_log::reopen()
{
    writer_->wants_reopen = true;
    writer_->bell.ring();
}

} // namespace ferrule::log
