// Longer than 300 lines because what each row has to show stands together, as in the manual.

#include "trials/selftest/expectation.hpp"

#include "trials/selftest/telling.hpp"

#include <algorithm>
#include <functional>

namespace ferrule::selftest {

using ending::act;
using ending::cause;
using ending::outcome;
using ending::rules;

namespace {

using ways = std::vector<expectation>;

/// A silence is a little younger than its session: where the bound is longer than `quiet` by less
/// than this, the session may be quiet by then or not.
constexpr base::milliseconds age_of_silence{500};

/// The client's request has ended (or is taken for ended). The backend answers, or is cut.
ways after_client_end(cause first, const rules& given)
{
    if (!closes(given)) {
        expectation way = because(first, cause::backend_eof);
        tell_client_end(way, given, answer_bytes);
        tell_backend(way, seen_end::fin, act::exchanged);
        return {way};
    }
    if (calls_its_ends_clean(given)) {
        expectation way = because(first, cause::backend_eof);
        tell_client_end(way, given, 0);
        tell_backend(way, seen_end::fin, act::exchanged);
        return {way};
    }
    expectation way = because(first);
    reset_client(way, 0);
    tell_backend(way, seen_end::fin_then_rst, act::reset);
    return {way};
}

/// What the backend that has ended is told, as far as the client's own end does not matter.
void tell_ended_backend(expectation& way, const rules& given)
{
    const bool is_told_end =
        closes(given) ? calls_its_ends_clean(given) : given.mode == ending::mode::wait;
    if (is_told_end)
        tell_backend(way, seen_end::fin, act::exchanged);
    else
        tell_backend(way, seen_end::reset, act::reset);
}

/// The backend has ended after `answered` bytes; the client then says goodbye.
expectation after_backend_end(const rules& given, std::uint64_t answered)
{
    expectation way = because(cause::backend_eof);
    if (!aborts(given))
        way.told.second = cause::client_eof;
    tell_client_end(way, given, answered);
    tell_ended_backend(way, given);
    return way;
}

ways upload(const rules& given)
{
    expectation way = after_backend_end(given, 0);
    if (aborts(given))
        return {way}; // the client has no connection to upload on
    if (given.mode == ending::mode::wait && !closes(given))
        way.backend.bytes += late_upload_bytes;
    else
        way.told.outcome = outcome::lost; // read, and thrown away
    return {way};
}

ways both_at_once(const rules& given)
{
    ways found;
    for (const auto& [first, second] : {std::pair{cause::client_eof, cause::backend_eof},
                                        std::pair{cause::backend_eof, cause::client_eof}}) {
        expectation way = because(first, second);
        tell_client_end(way, given, 0);
        tell_backend(way, seen_end::fin, act::exchanged);
        found.push_back(way);
    }
    if (given.mode != ending::mode::wait || closes(given))
        found.push_back(after_backend_end(given, 0));
    if (closes(given)) {
        for (expectation way : after_client_end(cause::client_eof, given)) {
            found.push_back(way);
            // Cut, and its FIN was on its way. Where both FINs have crossed, the connection has
            // ended for both kernels: a reset is not sent, or it meets nobody.
            way.backend.end = seen_end::fin;
            found.push_back(way);
            if (way.told.backend_act == act::reset) {
                way.told.backend_act = act::sent;
                found.push_back(way);
            }
            tell_backend(way, seen_end::fin, act::exchanged);
            way.told.second = cause::backend_eof;
            found.push_back(way);
            way.told.backend_act = act::reset;
            found.push_back(way);
            way.backend.end = seen_end::fin_then_rst;
            found.push_back(way);
        }
    }
    return found;
}

ways client_truncated(const rules& given)
{
    if (given.on_client_truncation == ending::client_policy::fin)
        return after_client_end(cause::client_truncated, given);
    expectation way = because(cause::client_truncated);
    reset_client(way, 0);
    tell_backend(way, seen_end::reset, act::reset);
    return {way};
}

ways client_reset(const rules& given)
{
    expectation way = because(cause::client_reset);
    way.client.end = seen_end::not_looked;
    way.told.client_act = act::gone;
    if (given.on_client_reset == ending::client_policy::fin) {
        way.told.second = cause::backend_eof;
        tell_backend(way, seen_end::fin, act::exchanged);
    } else {
        tell_backend(way, seen_end::reset, act::reset);
    }
    return {way};
}

ways backend_reset(const rules& given)
{
    expectation way = because(cause::backend_reset);
    reset_client(way, answer_bytes);
    if (given.on_backend_reset == ending::backend_policy::truncate) {
        way.told.second = cause::client_eof; // it answers what it takes for an end
        way.told.client_act = act::exchanged;
        way.client.end = seen_end::fin;
    }
    way.backend.end = seen_end::not_looked;
    way.told.backend_act = act::gone;
    return {way};
}

ways backend_refuses()
{
    expectation way = because(cause::no_backend);
    reset_client(way, 0);
    way.backend.end = seen_end::unconnected;
    return {way};
}

ways client_breaks_tls()
{
    expectation way = because(cause::tls_error);
    tell_backend(way, seen_end::reset, act::reset);
    way.any_client_act = true;
    way.client = {0, false, true, seen_end::fin};
    expectation by_reset = way;
    by_reset.client.end = seen_end::reset;
    return {way, by_reset};
}

ways client_only_connects()
{
    expectation way = because(cause::probe);
    // Nothing was said, so there is nothing to claim: no alert, no bytes, and no RST.
    way.client.end = seen_end::fin;
    way.backend.end = seen_end::unconnected;
    way.any_client_act = true;
    return {way};
}

ways client_silent(const rules& given)
{
    expectation way = after_backend_end(given, answer_bytes);
    if (!aborts(given)) {
        way.told.second = given.mode == ending::mode::wait ? cause::close_timeout : cause::none;
        way.told.client_act = act::sent;
        // The client has not ended, so the backend is not told an end (docs/endings.md, "What a
        // cut means").
        if (!closes(given))
            tell_backend(way, seen_end::reset, act::reset);
    }
    return {way};
}

/// The backend has ended, and what it sent waits for a client that takes nothing.
ways client_stalls(const rules& given)
{
    expectation way = because(cause::backend_eof, cause::write_stalled);
    reset_client(way, 0);
    way.any_bytes = true; // what its kernel took
    way.told.outcome = outcome::lost;
    if (closes(given))
        tell_ended_backend(way, given); // at once
    else
        tell_backend(way, seen_end::reset, act::reset);
    return {way};
}

ways backend_silent(const rules& given)
{
    expectation way =
        because(cause::client_eof, closes(given) ? cause::none : cause::half_close_timeout);
    if (calls_its_ends_clean(given)) {
        tell_client_end(way, given, 0);
        tell_backend(way, seen_end::fin, act::sent);
    } else {
        reset_client(way, 0);
        tell_backend(way, seen_end::fin_then_rst, act::reset);
    }
    return {way};
}

/// Ferrule itself ends a session after request and answer; the peers then end as well.
ways proxy_end(cause why, const rules& given, bool quiet)
{
    expectation way = because(why);
    const bool asks = given.on_proxy_end == ending::proxy_policy::ask && quiet;
    if (!asks && !calls_its_ends_clean(given)) {
        reset_client(way, answer_bytes);
        tell_backend(way, seen_end::reset, act::reset);
        return {way};
    }
    tell_client_end(way, given, answer_bytes);
    tell_backend(way, seen_end::fin, act::exchanged);
    way.told.second = cause::backend_eof;
    ways found{way};
    if (!asks && !aborts(given)) {
        way.told.second = cause::client_eof;
        found.push_back(way);
    }
    return found;
}

/// The session has been silent for a little less than its lifetime: both ways, if it depends on
/// that little whether it is quiet.
ways lifetime(const circumstances& given)
{
    ways found = proxy_end(cause::lifetime, given.rules, given.bound >= given.quiet);
    if (given.bound >= given.quiet && given.bound < given.quiet + age_of_silence) {
        for (const expectation& each : proxy_end(cause::lifetime, given.rules, false)) {
            if (std::find(found.begin(), found.end(), each) == found.end())
                found.push_back(each);
        }
    }
    return found;
}

/// The client is owed an answer, so nobody is asked, whatever `quiet` is.
ways drain_thinking(const rules& given)
{
    ways found = proxy_end(cause::drain, given, false);
    for (expectation& each : found)
        each.backend.bytes += request_bytes;
    return found;
}

ways drain_busy(const rules& given)
{
    ways found = proxy_end(cause::drain, given, false);
    for (expectation& each : found)
        each.any_bytes = each.any_outcome = true;
    return found;
}

ways by_row(trial row, const circumstances& given)
{
    const rules& rules = given.rules;
    switch (row) {
    case trial::client_first:
    case trial::client_says_canceled: return after_client_end(cause::client_eof, rules);
    case trial::backend_first: return {after_backend_end(rules, answer_bytes)};
    case trial::upload_after_backend_end: return upload(rules);
    case trial::both_at_once: return both_at_once(rules);
    case trial::client_truncated: return client_truncated(rules);
    case trial::client_reset: return client_reset(rules);
    case trial::backend_reset: return backend_reset(rules);
    case trial::backend_refuses: return backend_refuses();
    case trial::client_breaks_tls:
    case trial::client_breaks_off: return client_breaks_tls();
    case trial::client_only_connects: return client_only_connects();
    case trial::client_silent: return client_silent(rules);
    case trial::client_stalls: return client_stalls(rules);
    case trial::backend_silent: return backend_silent(rules);
    case trial::idle: return proxy_end(cause::idle_timeout, rules, true);
    case trial::lifetime: return lifetime(given);
    case trial::drain_idle: return proxy_end(cause::drain, rules, true);
    case trial::drain_busy: return drain_busy(rules);
    case trial::drain_thinking: return drain_thinking(rules);
    }
    return {};
}

bool is_bad_end_of_a_peer(cause why)
{
    return why == cause::client_truncated || why == cause::client_reset ||
           why == cause::backend_reset || why == cause::tls_error;
}

/// Where nothing is lost: clean only if both peers' own clean ends were exchanged with ours.
outcome outcome_of(const expectation& way)
{
    if (way.backend.end == seen_end::unconnected)
        return outcome::none;
    const told_ending& told = way.told;
    const bool both_exchanged =
        told.client_act == act::exchanged && told.backend_act == act::exchanged;
    const bool is_clean =
        both_exchanged && !is_bad_end_of_a_peer(told.cause) && !is_bad_end_of_a_peer(told.second);
    return is_clean ? outcome::clean : outcome::cut;
}

} // namespace

std::vector<expectation> expected(trial row, const circumstances& given)
{
    ways found = by_row(row, given);
    for (expectation& each : found) {
        if (each.told.outcome != outcome::lost)
            each.told.outcome = outcome_of(each);
        each.end_unseen = !given.lingers;
    }
    return found;
}

} // namespace ferrule::selftest
