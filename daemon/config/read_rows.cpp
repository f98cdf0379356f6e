#include "config/read_rows.hpp"

#include "base/check.hpp"

#include <algorithm>

namespace ferrule::config {

void keep_below_bounds(
    const std::vector<settled_duration>& durations,
    const std::function<void(const settled_duration&, const settled_duration&)>& refuse)
{
    for (const settled_duration& each : durations) {
        if (each.below.empty())
            continue;
        const auto bound = std::ranges::find(durations, each.below, &settled_duration::name);
        CHECK(bound != durations.end(), "what bounds a duration is one of the same block");
        if (!bound->is_known || *each.value <= *bound->value)
            continue;
        if (each.key->is == presence::good)
            refuse(each, *bound);
        else
            *each.value = *bound->value;
    }
}

} // namespace ferrule::config
