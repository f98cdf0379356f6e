// A session's clocks: when what is waited for has been waited for long enough, and when something
// has to be asked. A plain value; the present and everything else that it needs are given.
#pragma once

#include "base/time.hpp"
#include "config/settings.hpp"
#include "ending/next_step.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

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

    // The bound in force.
    base::milliseconds poll_interval{0};                     ///< grows while an end is awaited
    ending::patience in_force = ending::patience::handshake; ///< what `patience` bounds
    bool progress = false;                                   ///< since it was last set

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

    /// `which` is the bound in force, and passes at `at`.
    constexpr void begin(ending::patience which, base::time_point at) noexcept
    {
        in_force = which;
        patience = at;
    }

    /// Whether the bound in force, whose time has come, ends anything: a phase takes its own bound
    /// with it, even before the next one is set, and most bounds begin anew whenever something
    /// moves.
    bool has_run_out(ending::phase at) const noexcept;

    /// A wait was decided: sets its bound, unless that is in force and nothing has moved, and when
    /// the peers are asked what they have acknowledged. The length of a bound that is news for the
    /// recorder; 0 is off.
    std::optional<base::milliseconds> wait_for(const ending::decision& decided,
                                               const ending::facts& known,
                                               const config::timeout_settings& timeouts,
                                               const config::shutdown_settings& shutdown,
                                               base::time_point now) noexcept;

    /// A drain has cut the session: what was read may still be delivered, and no more than that.
    void grant_grace(base::time_point now) noexcept;
};

} // namespace ferrule::session
