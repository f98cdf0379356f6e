// Answers of the control socket, as people read them.

#include "control/ctl.hpp"

#include "log/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <vector>

namespace ferrule::control {

namespace json = boost::json;

namespace {

/// To the microsecond, and without the exponent that Boost.JSON writes.
std::string fixed(double number)
{
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.6f", number);
    return text.data();
}

/// A value by its key as text; "-" if there is none.
std::string word(const json::object& from, std::string_view key)
{
    const json::value* const value = from.if_contains(key);
    if (value == nullptr || value->is_null())
        return "-";
    if (value->is_double())
        return fixed(value->get_double());
    if (!value->is_string())
        return json::serialize(*value);
    std::string line;
    log::append_text_value(line, std::string_view{value->get_string()});
    return line;
}

std::int64_t whole(const json::object& from, std::string_view key)
{
    const json::value* const value = from.if_contains(key);
    if (value == nullptr || !value->is_number())
        return 0;
    boost::system::error_code ignored;
    return value->is_double() ? static_cast<std::int64_t>(value->get_double())
                              : value->to_number<std::int64_t>(ignored);
}

const json::object& object(const json::object& from, std::string_view key)
{
    static const json::object none;
    const json::value* const value = from.if_contains(key);
    return value != nullptr && value->is_object() ? value->get_object() : none;
}

const json::array& array(const json::object& from, std::string_view key)
{
    static const json::array none;
    const json::value* const value = from.if_contains(key);
    return value != nullptr && value->is_array() ? value->get_array() : none;
}

/// "1h02m", "3m05s", "12s": two units are enough to look at.
std::string duration(const json::object& from, std::string_view key)
{
    const std::int64_t all = whole(from, key);
    const auto two = [](std::int64_t number) {
        return (number < 10 ? "0" : "") + std::to_string(number);
    };
    if (all >= 3600)
        return std::to_string(all / 3600) + "h" + two(all / 60 % 60) + "m";
    if (all >= 60)
        return std::to_string(all / 60) + "m" + two(all % 60) + "s";
    return std::to_string(all) + "s";
}

std::string sessions_of(const json::object& from)
{
    const json::object& sessions = object(from, "sessions");
    return word(sessions, "open") + " open (" + word(sessions, "half_closed") + " half-closed, " +
           word(sessions, "closing") + " closing, half-closed ones included), " +
           word(sessions, "started") + " started";
}

std::string status_in_words(const json::object& answer)
{
    std::string text = "ferrule " + word(answer, "version") + ", pid " + word(answer, "pid") +
                       ": " + word(answer, "state");
    if (answer.contains("cut_in_seconds"))
        text += ", cut in " + duration(answer, "cut_in_seconds");
    const bool last_ok = word(answer, "last_reload_ok") == "true";
    text += "\nconfiguration " + word(answer, "configuration") + ", loaded " +
            log::utc_time(whole(answer, "loaded_at_seconds") * 1'000'000) +
            "; reloads: " + word(object(answer, "reloads"), "ok") + " ok, " +
            word(object(answer, "reloads"), "failed") + " failed" +
            (last_ok ? "" : " (the last one)") + "; log level " + word(answer, "log_level") + "\n";
    text += "sessions: " + sessions_of(answer) + "\n";
    for (const json::value& each : array(answer, "listeners")) {
        const json::object& listener = each.as_object();
        text += "listener " + word(listener, "name") + ":";
        for (const json::value& where : array(listener, "addresses"))
            text += " " + std::string{where.as_string()};
        text += ": " + sessions_of(listener) + "\n";
    }
    return text;
}

using row = std::array<std::string, 10>;

std::string table(const std::vector<row>& rows)
{
    std::array<std::size_t, std::tuple_size_v<row>> widths{};
    for (const row& each : rows) {
        for (std::size_t i = 0; i < each.size(); ++i)
            widths[i] = std::max(widths[i], each[i].size());
    }
    std::string text;
    for (const row& each : rows) {
        std::string line;
        for (std::size_t i = 0; i < each.size(); ++i)
            line += each[i] + std::string(widths[i] - each[i].size() + 2, ' ');
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

std::string list_in_words(const json::object& answer)
{
    std::vector<row> rows{{"SESSION", "STATE", "LISTENER", "CLIENT", "SERVER", "TO_BACKEND",
                           "TO_CLIENT", "AGE", "SILENT", "CAUSE"}};
    const json::array& sessions = array(answer, "sessions");
    for (const json::value& each : sessions) {
        const json::object& one = each.as_object();
        rows.push_back({word(one, "session"), word(one, "state"), word(one, "listener"),
                        word(one, "client"), word(one, "server"), word(one, "to_backend_bytes"),
                        word(one, "to_client_bytes"), duration(one, "total_seconds"),
                        duration(one, "silent_seconds"), word(one, "cause")});
    }
    std::string text = table(rows);
    if (whole(answer, "fitting") > static_cast<std::int64_t>(sessions.size()))
        text += "(" + std::to_string(sessions.size()) + " of " + word(answer, "fitting") +
                ": the oldest; --limit shows more)\n";
    return text;
}

std::string session_in_words(const json::object& answer)
{
    const json::array& sessions = array(answer, "sessions");
    if (sessions.empty())
        return "there is no such session\n";
    std::string text;
    for (const json::value& each : sessions) {
        for (const auto& [key, value] : each.as_object())
            text += std::string{key} + "=" + word(each.as_object(), key) + "\n";
    }
    return text;
}

std::string killed_in_words(const json::object& answer)
{
    const json::array& killed = array(answer, "killed");
    if (killed.empty())
        return "there is no such session\n";
    std::string text = "killed:";
    for (const json::value& each : killed)
        text += " " + json::serialize(each);
    return text + "\n";
}

} // namespace

std::string answer_in_words(const json::object& request, const json::object& answer)
{
    if (answer.contains("error"))
        return word(answer, "error") + "\n";
    const std::string command = word(request, "command");
    if (command == "status")
        return status_in_words(answer);
    if (command == "ready")
        return word(answer, "state") + "\n";
    if (command == "sessions")
        return request.contains("ids") ? session_in_words(answer) : list_in_words(answer);
    if (command == "kill")
        return killed_in_words(answer);
    if (command == "drain")
        return "draining: what is left is cut in " + duration(answer, "cut_in_seconds") + "\n";
    if (command == "log-level")
        return word(answer, "level") + "\n";
    // reload: the errors with their carets, as `ferrule check` prints them
    const json::value* const told = answer.if_contains("text");
    std::string text = told != nullptr && told->is_string() ? std::string{told->get_string()} : "";
    if (!text.empty() && text.back() != '\n')
        text += '\n';
    return text + (exit_code_of(answer) == 0 ? "reloaded\n"
                                             : "reload failed: the configuration in force stays\n");
}

} // namespace ferrule::control
