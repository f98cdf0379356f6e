// What a row had to show, against what it showed.

#include "trials/selftest/expectation.hpp"

namespace ferrule::selftest {

namespace {

using findings = std::vector<std::string>;

void require(findings& out, bool is_right, std::string_view what, std::string_view wanted,
             std::string_view seen)
{
    if (!is_right)
        out.push_back(std::string{what} + " is " + std::string{seen} + ", and should be " +
                      std::string{wanted});
}

/// A side's view. What left-open parts allow is taken for right.
void compare(findings& out, std::string_view who, sighting wanted, const sighting& seen,
             bool any_bytes, bool end_unseen)
{
    if (any_bytes)
        wanted.bytes = seen.bytes;
    if (end_unseen && wanted.end == seen_end::fin && seen.end == seen_end::fin_then_rst)
        wanted.end = seen.end;
    if (wanted.end == seen_end::not_looked && seen.end == seen_end::not_looked)
        return;
    require(out, wanted == seen, std::string{"what the "} + std::string{who} + " sees",
            to_text(wanted), to_text(seen));
}

bool is_act(ending::act wanted, ending::act seen, bool end_unseen)
{
    return wanted == seen ||
           (end_unseen && wanted == ending::act::exchanged && seen == ending::act::sent);
}

bool is_worse_than_cut(ending::outcome how)
{
    return how == ending::outcome::unconfirmed || how == ending::outcome::lost;
}

findings against(const expectation& wanted, const observation& seen)
{
    findings out;
    compare(out, "client", wanted.client, seen.client, wanted.any_bytes, wanted.end_unseen);
    compare(out, "backend", wanted.backend, seen.backend, false, wanted.end_unseen);
    const told_ending& right = wanted.told;
    const told_ending& told = seen.told;
    require(out, right.cause == told.cause, "cause", to_text(right.cause), to_text(told.cause));
    require(out, right.second == told.second || wanted.end_unseen, "second", to_text(right.second),
            to_text(told.second));
    require(out,
            wanted.any_client_act || is_act(right.client_act, told.client_act, wanted.end_unseen),
            "client_act", to_text(right.client_act), to_text(told.client_act));
    require(out, is_act(right.backend_act, told.backend_act, wanted.end_unseen), "backend_act",
            to_text(right.backend_act), to_text(told.backend_act));
    require(out,
            wanted.end_unseen || right.outcome == told.outcome ||
                (wanted.any_outcome && is_worse_than_cut(told.outcome)),
            "outcome", to_text(right.outcome), to_text(told.outcome));
    return out;
}

} // namespace

std::vector<std::string> differences(const std::vector<expectation>& allowed,
                                     const observation& seen)
{
    if (!seen.trouble.empty())
        return {seen.trouble};
    findings nearest;
    for (const expectation& each : allowed) {
        findings found = against(each, seen);
        if (found.empty())
            return {};
        if (nearest.empty() || found.size() < nearest.size())
            nearest = std::move(found);
    }
    return nearest;
}

} // namespace ferrule::selftest
