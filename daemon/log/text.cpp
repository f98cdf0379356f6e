#include "log/text.hpp"

#include "base/utf8.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <iterator>

namespace ferrule::log {

namespace {

bool is_printable(char byte)
{
    return byte >= ' ' && byte <= '~'; // not isprint(3), which asks the locale
}

bool is_control(char byte)
{
    return (byte >= 0 && byte < ' ') || byte == '\x7f';
}

unsigned code(char byte)
{
    return static_cast<unsigned char>(byte);
}

bool is_plain(std::string_view value)
{
    return value != "-" && std::all_of(value.begin(), value.end(), [](char byte) {
               return is_printable(byte) &&
                      std::string_view(" \"'=\\").find(byte) == std::string::npos;
           });
}

template <typename NeedsCode>
void append_json(std::string& line, std::string_view value, NeedsCode needs_code)
{
    line += '"';
    for (const char byte : value) {
        if (byte == '"' || byte == '\\')
            line += {'\\', byte};
        else if (needs_code(byte))
            fmt::format_to(std::back_inserter(line), "\\u{:04x}", code(byte));
        else
            line += byte;
    }
    line += '"';
}

} // namespace

void append_text_value(std::string& line, std::string_view value)
{
    if (value.empty()) {
        line += '-';
        return;
    }
    if (is_plain(value)) {
        line += value;
        return;
    }
    line += '"';
    for (const char byte : value) {
        if (byte == '"' || byte == '\\')
            line += {'\\', byte};
        else if (is_printable(byte))
            line += byte;
        else
            fmt::format_to(std::back_inserter(line), "\\x{:02x}", code(byte));
    }
    line += '"';
}

void append_json_string(std::string& line, std::string_view value)
{
    append_json(line, value, [](char byte) { return !is_printable(byte); });
}

std::string json_utf8(std::string_view value)
{
    std::string text;
    append_json(text, base::valid_utf8(value), is_control);
    return text;
}

std::vector<std::string> message_lines(std::string_view start, std::string_view message)
{
    std::vector<std::string> lines;
    bool begins = true;
    for (const char byte : base::valid_utf8(message)) {
        if (begins)
            lines.emplace_back(start);
        begins = byte == '\n';
        if (is_control(byte) && byte != '\t' && byte != '\n')
            fmt::format_to(std::back_inserter(lines.back()), "\\x{:02x}", code(byte));
        else if (byte != '\n')
            lines.back() += byte;
    }
    return lines;
}

std::int64_t unix_microseconds()
{
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

std::string utc_time(std::int64_t microseconds)
{
    const auto milliseconds = microseconds / 1000;
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                       fmt::gmtime(static_cast<std::time_t>(milliseconds / 1000)),
                       milliseconds % 1000);
}

std::string_view level_word(config::log_level level)
{
    switch (level) {
    case config::log_level::debug: return "debug";
    case config::log_level::info: return "info";
    case config::log_level::warning: return "warning";
    case config::log_level::error: return "error";
    }
    return "error";
}

std::vector<std::string> message_lines(line_form form, config::log_level level,
                                       std::int64_t at_microseconds, std::string_view text)
{
    const std::string time = utc_time(at_microseconds);
    const std::string_view severity = level_word(level);
    switch (form) {
    case line_form::json:
        return {fmt::format(R"({{"time":"{}","level":"{}","event":"message","message":{}}})", time,
                            severity, json_utf8(text))};
    case line_form::text: return message_lines(fmt::format("{} {} ", time, severity), text);
    case line_form::demo: break;
    }
    const bool is_news = level <= config::log_level::info;
    return message_lines(is_news ? std::string{} : fmt::format("{}: ", severity), text);
}

} // namespace ferrule::log
