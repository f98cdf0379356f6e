#include "config/read_process.hpp"

#include "config/keys.hpp"
#include "config/scalars.hpp"
#include "config/values.hpp"

#include <algorithm>
#include <array>

namespace ferrule::config {

namespace {

constexpr number_range workers_range{1, 256};
constexpr number_range sessions_range{1, 1'000'000'000};
constexpr duration_range delay_range{0s, 10min};
constexpr duration_range drain_range{0s, 24h};

constexpr std::array log_levels{log_level::debug, log_level::info, log_level::warning,
                                log_level::error};
constexpr std::array log_formats{log_format::text, log_format::json};
constexpr std::array session_choices{logged_sessions::all, logged_sessions::abnormal,
                                     logged_sessions::none};

void read_limits(const field& from, settings& result, report& out)
{
    const block limits(from, keys::limits, out);
    if (const auto sessions = limits.find("sessions"))
        result.max_sessions = read_number_or_auto(*sessions, sessions_range, out).value_or(0);
}

void read_target(const field& from, log_settings& result, report& out)
{
    const auto target = read_text(from, out);
    if (!target)
        return;
    if (*target != "stderr" && *target != "stdout" && !target->starts_with('/')) {
        out.error(from.at(), from.path, in_quotes(*target) + " is not a log target",
                  "stderr, stdout, or a path that begins with /");
        return;
    }
    result.target = *target;
}

void read_log(const field& from, log_settings& result, report& out)
{
    const block log(from, keys::log, out);
    if (const auto level = log.find("level"))
        result.level = read_word(*level, log_levels, "a log level", out).value_or(result.level);
    if (const auto format = log.find("format"))
        result.format =
            read_word(*format, log_formats, "a log format", out).value_or(result.format);
    if (const auto target = log.find("target"))
        read_target(*target, result, out);
    if (const auto sessions = log.find("sessions"))
        result.sessions = read_word(*sessions, session_choices, "a choice of sessions", out)
                              .value_or(result.sessions);
}

/// `spread` lies within `timeout`. One that is not written follows a shorter `timeout`.
void read_drain(const field& from, drain_settings& result, report& out)
{
    const block drain(from, keys::drain, out);
    if (const auto delay = drain.find("delay"))
        result.delay = read_duration(*delay, delay_range, out).value_or(result.delay);

    const auto timeout = drain.find("timeout");
    const auto wanted = timeout ? read_duration(*timeout, drain_range, out) : result.timeout;
    result.timeout = wanted.value_or(result.timeout);

    const auto spread = drain.find("spread");
    if (!spread) {
        result.spread = std::min(result.spread, result.timeout);
        return;
    }
    result.spread = read_duration(*spread, drain_range, out).value_or(0s);
    if (wanted && result.spread > *wanted && (timeout || !drain.hides("timeout")))
        out.error(spread->at(), spread->path,
                  duration_text(result.spread) + " is above drain.timeout, which is " +
                      duration_text(*wanted),
                  "at most " + duration_text(*wanted));
}

} // namespace

void read_process(const block& root, settings& out_settings, report& out)
{
    if (const auto workers = root.find("workers"))
        out_settings.workers =
            static_cast<int>(read_number_or_auto(*workers, workers_range, out).value_or(0));
    if (const auto limits = root.find("limits"))
        read_limits(*limits, out_settings, out);
    if (const auto log = root.find("log"))
        read_log(*log, out_settings.log, out);
    if (const auto drain = root.find("drain"))
        read_drain(*drain, out_settings.drain, out);
}

} // namespace ferrule::config
