// Has the worker served without a gap? Decides; the clock is read elsewhere.
#pragma once

#include "base/time.hpp"

namespace ferrule::worker {

/// How one round of a worker began.
struct round_start {
    base::time_point before{};    ///< when it began to wait for events
    base::milliseconds wait{0};   ///< how long it meant to wait at most; negative: for ever
    base::time_point now{};       ///< when it went on
    bool was_interrupted = false; ///< the wait was cut short (a stopped process that goes on)
};

/// A worker that was stopped, frozen or busy for longer than `gap_max` has not listened meanwhile:
/// what its peers did in that time it learns only now, and what they would have done upon its own
/// answers they could not do yet.
class attendance {
public:
    static constexpr base::milliseconds gap_max{250};

    explicit attendance(base::time_point now) noexcept : last_{now}, served_since_{now} {}

    /// Takes note of a round. False if deadlines are not to act in it, since it comes late: those
    /// who were heard from meanwhile have their turn first, and then the worker looks again. Never
    /// false twice in a row, so that a worker that is always late still keeps its bounds.
    bool may_deadlines_act(const round_start& round) noexcept
    {
        const bool overslept =
            round.wait.count() >= 0 && round.now - (round.before + round.wait) > gap_max;
        const bool is_late = round.was_interrupted || overslept || round.before - last_ > gap_max;
        last_ = round.now;
        if (is_late)
            served_since_ = round.now;
        has_put_off_ = is_late && !has_put_off_;
        return !has_put_off_;
    }

    /// Since when there was no gap.
    base::time_point served_since() const noexcept { return served_since_; }

private:
    base::time_point last_; ///< when the last round went on
    base::time_point served_since_;
    bool has_put_off_ = false;
};

} // namespace ferrule::worker
