// docs/operations.md, "Exit codes": what makes a drain end with 1.

#include "worker/drain_verdict.hpp"

#include <gtest/gtest.h>

namespace ferrule::worker {
namespace {

using ending::act;
using ending::cause;
using ending::outcome;

struct line {
    const char* sentence;
    cause first;
    cause second;
    act client;
    act backend;
    outcome how;
    bool is_well;
};

constexpr auto none = cause::none;

const line manual[] = {
    {"both sides end by themselves", cause::backend_eof, cause::client_eof, act::exchanged,
     act::exchanged, outcome::clean, true},
    {"an idle session is asked, and both sides end", cause::drain, cause::backend_eof,
     act::exchanged, act::exchanged, outcome::clean, true},
    {"the same, but the client never answers our goodbye", cause::drain, cause::backend_eof,
     act::sent, act::exchanged, outcome::cut, true},
    {"the same, but it answers with a reset", cause::drain, cause::client_reset, act::gone,
     act::exchanged, outcome::cut, true},
    {"a client breaks off by itself", cause::client_truncated, none, act::reset, act::reset,
     outcome::cut, true},
    {"a bound of the session passes", cause::idle_timeout, none, act::reset, act::reset,
     outcome::cut, true},
    {"a probe", cause::probe, none, act::gone, act::none, outcome::none, true},
    {"the drain comes before there is a session", cause::drain, none, act::reset, act::none,
     outcome::none, true},

    {"a busy session is cut", cause::drain, none, act::reset, act::reset, outcome::cut, false},
    {"a server takes the question for an abort", cause::drain, cause::backend_reset, act::reset,
     act::gone, outcome::cut, false},
    {"the backend is told an end and has not ended", cause::drain, cause::client_eof,
     act::exchanged, act::sent, outcome::cut, false},
    {"a half-closed session is cut", cause::client_eof, cause::drain, act::reset, act::reset,
     outcome::cut, false},
    {"bytes are lost, whoever is to blame", cause::client_reset, none, act::gone, act::reset,
     outcome::lost, false},
    {"bytes are not confirmed", cause::backend_eof, cause::client_eof, act::exchanged,
     act::exchanged, outcome::unconfirmed, false},
};

TEST(drain_verdict, is_bad_only_for_what_the_drain_has_cut_and_for_missing_bytes)
{
    for (const line& each : manual) {
        record::ended_session ended;
        ended.cause = each.first;
        ended.second = each.second;
        ended.client_act = each.client;
        ended.backend_act = each.backend;
        ended.outcome = each.how;
        EXPECT_EQ(each.is_well, is_well_in_drain(ended)) << each.sentence;
    }
}

} // namespace
} // namespace ferrule::worker
