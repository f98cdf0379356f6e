#include "config/read_process.hpp"

#include "config/keys.hpp"
#include "yaml/scalars.hpp"
#include "yaml/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <system_error>

#include <sys/un.h>

namespace ferrule::config {

namespace {

constexpr yaml::number_range workers_range{1, 256};
constexpr yaml::number_range sessions_range{1, 1'000'000'000};
constexpr yaml::number_range recorder_range{1, 1024};
constexpr yaml::duration_range delay_range{0s, 10min};
constexpr yaml::duration_range drain_range{0s, 24h};
constexpr std::size_t longest_unix_path = sizeof(sockaddr_un::sun_path) - 1; // and the final NUL
constexpr yaml::duration_range watch_range{100ms, 1h, true};

constexpr std::array log_levels{log_level::debug, log_level::info, log_level::warning,
                                log_level::error};
constexpr std::array log_formats{log_format::text, log_format::json};
constexpr std::array session_choices{logged_sessions::all, logged_sessions::abnormal,
                                     logged_sessions::none};

void read_limits(const yaml::field& from, settings& result, yaml::report& out)
{
    const yaml::block limits(from, keys::limits, out);
    if (const auto sessions = limits.find("sessions"))
        result.max_sessions = yaml::read_number_or_auto(*sessions, sessions_range, out).value_or(0);
}

void read_target(const yaml::field& from, log_settings& result, yaml::report& out)
{
    const auto target = yaml::read_text(from, out);
    if (!target)
        return;
    if (*target != "stderr" && *target != "stdout" && !target->starts_with('/')) {
        out.error(from.at(), from.path, yaml::in_quotes(*target) + " is not a log target",
                  "stderr, stdout, or a path that begins with /");
        return;
    }
    std::error_code ignored;
    const std::filesystem::path path(*target);
    if (target->starts_with('/') && std::filesystem::is_directory(path, ignored))
        out.error(from.at(), from.path, yaml::in_quotes(*target) + " is a folder",
                  "name a file in it");
    else if (target->starts_with('/') &&
             !std::filesystem::is_directory(path.parent_path(), ignored))
        out.error(from.at(), from.path,
                  yaml::in_quotes(*target) + " is in " +
                      yaml::in_quotes(path.parent_path().string()) + ", which is no folder",
                  "make it, with the user that Ferrule runs as for its owner");
    else
        result.target = *target;
}

void read_log(const yaml::field& from, log_settings& result, yaml::report& out)
{
    const yaml::block log(from, keys::log, out);
    if (const auto level = log.find("level"))
        result.level =
            yaml::read_word(*level, log_levels, "a log level", out).value_or(result.level);
    if (const auto format = log.find("format"))
        result.format =
            yaml::read_word(*format, log_formats, "a log format", out).value_or(result.format);
    if (const auto target = log.find("target"))
        read_target(*target, result, out);
    if (const auto sessions = log.find("sessions"))
        result.sessions = yaml::read_word(*sessions, session_choices, "a choice of sessions", out)
                              .value_or(result.sessions);
    if (const auto recorder = log.find("recorder"))
        result.recorder = static_cast<std::uint32_t>(
            yaml::read_number_or("off", *recorder, recorder_range, out).value_or(result.recorder));
}

/// Who may use the socket is said by its file mode, in the octal digits that chmod(1) takes.
std::optional<unsigned> read_file_mode(const yaml::field& from, yaml::report& out)
{
    const auto text = yaml::read_text(from, out);
    if (!text)
        return std::nullopt;
    unsigned mode = 0;
    const char* const end = text->data() + text->size();
    const auto [stopped, error] = std::from_chars(text->data(), end, mode, 8);
    const bool is_octal = error == std::errc{} && stopped == end && text->starts_with('0');
    if (is_octal && text->size() == 4 && mode <= 0777 && (mode & 0600U) == 0600U)
        return mode;
    out.error(from.at(), from.path,
              yaml::in_quotes(*text) + " is not a mode that a socket can have",
              "0600 (the owner), 0660 (and its group), or 0666 (everybody)");
    return std::nullopt;
}

control_draft read_control(const yaml::field& from, control_settings& result, yaml::report& out)
{
    const yaml::block control(from, keys::control, out);
    if (const auto mode = control.find("mode"))
        result.mode = read_file_mode(*mode, out).value_or(result.mode);
    const auto path = control.find("path");
    const auto text = path ? yaml::read_text(*path, out) : std::nullopt;
    if (!text || *text == "off")
        return {};
    if (yaml::means_off(*text)) {
        out.error(path->at(), path->path, yaml::in_quotes(*text) + " is not a path", "write off");
        return {};
    }
    if (!text->starts_with('/') || text->size() > longest_unix_path) {
        out.error(path->at(), path->path, yaml::in_quotes(*text) + " is not a path for a socket",
                  "an absolute path of at most " + std::to_string(longest_unix_path) +
                      " bytes, such as /run/ferrule/control.sock, or off");
        return {};
    }
    result.path = *text;
    return {endpoint{endpoint::kind::unix_socket, *text, 0}, path->at()};
}

/// `spread` lies within `timeout`. One that is not written follows a shorter `timeout`.
void read_drain(const yaml::field& from, drain_settings& result, yaml::report& out)
{
    const yaml::block drain(from, keys::drain, out);
    if (const auto delay = drain.find("delay"))
        result.delay = yaml::read_duration(*delay, delay_range, out).value_or(result.delay);

    const auto timeout = drain.find("timeout");
    const auto wanted = timeout ? yaml::read_duration(*timeout, drain_range, out) : result.timeout;
    result.timeout = wanted.value_or(result.timeout);

    const auto spread = drain.find("spread");
    if (!spread) {
        result.spread = std::min(result.spread, result.timeout);
        return;
    }
    result.spread = yaml::read_duration(*spread, drain_range, out).value_or(0s);
    if (wanted && result.spread > *wanted && (timeout || !drain.hides("timeout")))
        out.error(spread->at(), spread->path,
                  yaml::duration_text(result.spread) + " is above drain.timeout, which is " +
                      yaml::duration_text(*wanted),
                  "at most " + yaml::duration_text(*wanted));
}

} // namespace

control_draft read_process(const yaml::block& root, settings& out_settings, yaml::report& out)
{
    if (const auto workers = root.find("workers"))
        out_settings.workers =
            static_cast<int>(yaml::read_number_or_auto(*workers, workers_range, out).value_or(0));
    if (const auto limits = root.find("limits"))
        read_limits(*limits, out_settings, out);
    if (const auto log = root.find("log"))
        read_log(*log, out_settings.log, out);
    if (const auto drain = root.find("drain"))
        read_drain(*drain, out_settings.drain, out);
    if (const auto watch = root.find("watch"))
        out_settings.watch =
            yaml::read_duration(*watch, watch_range, out).value_or(out_settings.watch);
    if (const auto from = root.find("control"))
        return read_control(*from, out_settings.control, out);
    return {};
}

} // namespace ferrule::config
