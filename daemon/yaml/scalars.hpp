// One scalar of the file → a number, a duration or a size. Nothing here knows where the scalar
// stands: what is wrong with it is a value as well.
#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ferrule::yaml {

/// A value, or why there is none.
template <class T>
struct parsed {
    std::optional<T> value;
    std::string problem; ///< continues a sentence that begins with the text: "has no unit"
    std::string fix;     ///< what to write instead; may be empty
};

/// Decimal digits only. A leading 0 is refused, since YAML 1.1 takes 010 for the octal number 8.
/// What does not fit is UINT64_MAX: out of any range.
parsed<std::uint64_t> parse_number(std::string_view text);

/// Whole numbers with the units ms, s, m and h, from large to small and each once: "1m30s". What
/// does not fit is milliseconds::max().
parsed<base::milliseconds> parse_duration(std::string_view text);

/// A word by which other programs say that something is not to be: "never", "none", "disabled".
/// Here it is `off`, where it may be.
bool means_off(std::string_view word);

/// A whole number with one of the units B, KiB, MiB and GiB.
parsed<std::uint64_t> parse_size(std::string_view text);

/// As base::to_text ("90s"), but nothing is "0s" rather than "off".
std::string duration_text(base::milliseconds duration);

/// The largest unit that stays whole: "1MiB".
std::string size_text(std::uint64_t bytes);

} // namespace ferrule::yaml
