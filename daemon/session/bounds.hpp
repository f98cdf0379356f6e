// A session's clocks: when what is waited for has been waited for long enough, and when something
// has to be asked. A plain value; the present is given.
#pragma once

#include "base/time.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace ferrule::session {

/// Times of the worker's clock; `never` is none.
struct bounds {
    static constexpr base::time_point never = base::time_point::max();

    // Ends.
    base::time_point cut = never;      ///< a drain ends what is left
    base::time_point lifetime = never; ///< `timeouts.lifetime`
    base::time_point patience = never; ///< the bound in force, from handshake to linger
    base::time_point deadline = never; ///< `shutdown.deadline`: nothing outlives it

    // Questions.
    base::time_point ask = never;     ///< a drain: whether the session is quiet
    base::time_point poll = never;    ///< what the peers have acknowledged
    base::time_point attempt = never; ///< a server has had its share of the connect
    base::time_point watch = never;   ///< when the backend gets keepalive

    /// When the session has to be woken at the latest.
    constexpr base::time_point earliest() const noexcept
    {
        return std::min({cut, lifetime, patience, deadline, ask, poll, attempt, watch});
    }

    enum class end : std::uint8_t { none, cut, lifetime, patience };

    /// The end that time has brought at `now`: of several, the one whose time came first; of the
    /// same time, the one that stands first above. `deadline` is no cause of an end.
    constexpr end passed(base::time_point now) const noexcept
    {
        const std::array times{cut, lifetime, patience};
        const std::array ends{end::cut, end::lifetime, end::patience};
        const auto first = std::min_element(times.begin(), times.end());
        return *first > now ? end::none : ends[static_cast<std::size_t>(first - times.begin())];
    }

    /// Some end is due at `now`, `deadline` included.
    constexpr bool is_due(base::time_point now) const noexcept
    {
        return passed(now) != end::none || deadline <= now;
    }
};

} // namespace ferrule::session
