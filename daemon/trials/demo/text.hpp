// The demo's start page, what it fills bodies with, and what its paths mean.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ferrule::demo {

inline constexpr std::uint64_t most_demo_bytes = 10ULL * 1024 * 1024 * 1024;

enum class demo_page : std::uint8_t { unknown, start, bytes, stream, reset };

struct demo_target {
    demo_page page = demo_page::unknown;
    std::uint64_t count = 0; ///< the N of /bytes/N, /stream/N and /reset/N
    bool is_bad = false;     ///< that N is missing, not a number, or too large
};

/// Reads the target of a request ("/bytes/100"); a query is ignored.
demo_target target_of(std::string_view target);

/// What to try with curl and which session line to expect. `host` is the request's Host field, so
/// that the commands can be copied; if it is odd, the demo's usual address stands there.
std::string start_page(std::string_view host);

/// 64 KiB of readable lines.
std::string_view filler();

} // namespace ferrule::demo
