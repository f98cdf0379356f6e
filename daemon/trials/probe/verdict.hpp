// Facts → verdicts. Pure: no sockets, no OpenSSL, no clock. docs/probe.md has the table.
#pragma once

#include "trials/probe/facts.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ferrule::probe {

enum class finding : std::uint8_t {
    unclear, ///< not seen: it did not end within the bound, or cannot be told
    good,
    bad,
};

/// How the server's direction ended.
enum class end_seen : std::uint8_t { none, close_notify, failed, reset, fin };
end_seen end_of(const observed& seen);

/// Of one connection.
struct verdict {
    finding found = finding::unclear;
    std::string said; ///< what was seen, and what is wrong with it
};

/// Below this, an answer fits into buffers on the way, and its end is never at risk.
inline constexpr std::uint64_t least_telling_bytes = 16 * 1024;

/// `expected_bytes` is how long the answer to the text is when nothing disturbs it.
verdict judge(const observed& seen, std::uint64_t expected_bytes);

/// The longest answer to a `goodbye`.
std::uint64_t expected_bytes(const std::vector<observed>& all);

enum class overall : std::uint8_t {
    truthful,   ///< something was good and nothing was bad
    untruthful, ///< something was bad
    unknown,    ///< nothing could be told
};
overall sum_up(const std::vector<verdict>& verdicts);

/// The words of the text and of the JSON.
std::string_view to_text(question asked);
std::string_view to_text(tls_version version);
std::string_view to_text(finding found);
std::string_view to_text(overall sum);

} // namespace ferrule::probe
