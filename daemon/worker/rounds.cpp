#include "worker/rounds.hpp"

#include <algorithm>
#include <optional>

namespace ferrule::worker {

rounds::rounds() : wheel_{base::clock::now(), ready_}, attendance_{base::clock::now()} {}

/// What has happened counts before the time that has passed, also when the process was stopped for
/// a while, at whichever instruction. So no session is told of a time that is later than the last
/// look at what is there, by more than a tick of the wheel; a turn reads what that look has found
/// before it acts on a bound.
void rounds::next()
{
    round_start start{.before = base::clock::now()};
    start.wait = time_to_wait(start.before);
    start.was_interrupted = events_.collect(start.wait) == net::collected::interrupted;
    start.now = start.before;
    if (start.wait.count() != 0) {
        start.now = base::clock::now();
        if (is_deadline_due(start.now))
            events_.collect();
    }
    around_.now = start.now;
    const bool is_in_time = attendance_.may_deadlines_act(start);
    around_.served_since = attendance_.served_since();
    if (is_in_time)
        wheel_.advance(around_.now);
    ready_.run_once(); // R18: all that this look has woken, one turn each
}

bool rounds::run_awake()
{
    if (ready_.empty())
        return false;
    around_.now = base::clock::now();
    ready_.run_once();
    return true;
}

base::milliseconds rounds::time_to_wait(base::time_point now) const noexcept
{
    if (!ready_.empty())
        return base::milliseconds{0};
    const std::optional<base::time_point> next = wheel_.next();
    if (!next.has_value())
        return net::event_set::forever;
    // Rounded up: a wait that ends a little before the deadline would be followed by another.
    return std::max(std::chrono::ceil<base::milliseconds>(*next - now), base::milliseconds{0});
}

bool rounds::is_deadline_due(base::time_point now) const noexcept
{
    const std::optional<base::time_point> next = wheel_.next();
    return next.has_value() && *next <= now;
}

} // namespace ferrule::worker
