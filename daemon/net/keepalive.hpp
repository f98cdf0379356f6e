// When the kernel asks a silent peer whether it is still there, and when it gives it up (tcp(7)).
#pragma once

#include "base/time.hpp"

#include <algorithm>

namespace ferrule::net {

/// The kernel's clocks for a connection on which nothing is in flight. A plain value.
struct keepalive {
    base::seconds silence{0};  ///< TCP_KEEPIDLE: nothing came for so long, then the first question
    base::seconds interval{0}; ///< TCP_KEEPINTVL: between one question and the next
    int probes = 0;            ///< TCP_KEEPCNT: so many without an answer

    /// A peer that vanished is given up after this.
    constexpr base::seconds takes() const noexcept { return silence + probes * interval; }

    /// A peer that is there is not silent for so long: question and answer may both be late.
    constexpr base::milliseconds answers_within() const noexcept
    {
        return base::milliseconds{silence} * 3 / 2;
    }

    friend bool operator==(const keepalive&, const keepalive&) = default;
};

/// Without a bound, or with a long one, a peer is given up after two minutes: five units.
inline constexpr base::seconds keepalive_unit_max{24};

/// Clocks that find a vanished peer before `bound` does, a bound on its silence (`off`: none): they
/// take five sixths of it, since the kernel's timers may be late by an eighth. The kernel counts in
/// seconds: below a bound of 3 s nothing can be found in time, and this is the least that there is.
constexpr keepalive keepalive_below(base::milliseconds bound) noexcept
{
    base::seconds unit = keepalive_unit_max;
    if (bound != base::off)
        unit = std::min(unit, std::chrono::duration_cast<base::seconds>(bound / 6));
    if (unit > base::seconds{0})
        return {2 * unit, unit, 3};
    const auto whole = std::chrono::duration_cast<base::seconds>(bound).count();
    return {base::seconds{1}, base::seconds{1}, std::clamp(static_cast<int>(whole) - 2, 1, 3)};
}

static_assert(keepalive_below(base::off).takes() == base::seconds{120});
static_assert(keepalive_below(base::seconds{60}).takes() == base::seconds{50});
static_assert(keepalive_below(base::seconds{3}).takes() < base::seconds{3});

} // namespace ferrule::net
