// How values are written in log lines, so that one line stays one line and nothing that a peer
// sends can look like a field of ours.
#pragma once

#include "config/settings.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ferrule::log {

/// Appends the value of a `key=value` field. Empty is `-`. What is not plain (blanks, quotes, '=',
/// backslashes, bytes outside of printable ASCII, or just "-") is put in double quotes, with \" and
/// \\ for those two and \xNN, always two digits, for bytes that are not printable ASCII.
void append_text_value(std::string& line, std::string_view value);

/// Appends a JSON string (RFC 8259) with its quotes. A byte that is not printable ASCII is written
/// as \u00NN: what a peer sends need not be UTF-8, and this way no byte of it is lost.
void append_json_string(std::string& line, std::string_view value);

/// A JSON string for text of our own: UTF-8 stays as it is, bytes that are not UTF-8 become U+FFFD.
std::string json_utf8(std::string_view value);

/// What lines look like: `log.format`, or sentences for a newcomer (`ferrule demo`).
enum class line_form : std::uint8_t { text, json, demo };

/// A message of the process as log lines, with time and level unless it is a newcomer's.
std::vector<std::string> message_lines(line_form form, config::log_level level,
                                       std::int64_t at_microseconds, std::string_view text);

/// A message as the lines it has, each behind `start`. UTF-8 stays, control characters except the
/// tab become \xNN.
std::vector<std::string> message_lines(std::string_view start, std::string_view message);

/// Now, in microseconds of Unix time.
std::int64_t unix_microseconds();

/// "2026-11-24T08:18:30.123Z" (RFC 3339). `microseconds` is Unix time.
std::string utc_time(std::int64_t microseconds);

/// The word for a level: debug, info, warning, error.
std::string_view level_word(config::log_level level);

} // namespace ferrule::log
