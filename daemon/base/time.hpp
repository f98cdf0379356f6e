// The clock of the data plane, and how durations are written for people.
#pragma once

#include <chrono>
#include <string>

namespace ferrule::base {

using clock = std::chrono::steady_clock;
using time_point = clock::time_point;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// A duration that is switched off ("off" in YAML).
inline constexpr milliseconds off{0};

/// As metrics and JSON have it.
constexpr double in_seconds(std::chrono::duration<double> duration) noexcept
{
    return duration.count();
}

/// Writes a duration as configuration does: the largest unit that stays whole ("5m", "90s",
/// "1500ms"); `off` is "off".
std::string to_text(milliseconds duration);

} // namespace ferrule::base
