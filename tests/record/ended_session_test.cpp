// Which endings an operator should look at (`log.sessions: abnormal`).
#include "record/ended_session.hpp"

#include "record/session_records.hpp"

#include <gtest/gtest.h>

namespace ferrule::record {
namespace {

using test::clean_session;
using test::probe_session;

TEST(ended_session, normal_is_a_clean_outcome_whatever_the_cause)
{
    for (const auto cause : ending::all_causes) {
        auto ended = clean_session();
        ended.cause = ended.second = cause;
        EXPECT_FALSE(is_abnormal(ended)) << ending::to_text(cause);
    }
    EXPECT_FALSE(is_abnormal(probe_session()));
}

TEST(ended_session, normal_is_what_only_the_options_have_cut)
{
    using ending::cause;

    auto ended = clean_session();
    ended.outcome = ending::outcome::cut;
    EXPECT_FALSE(is_abnormal(ended));
    ended.cause = cause::backend_eof;
    ended.second = cause::none; // `mode: notify`, and the client does not answer
    EXPECT_FALSE(is_abnormal(ended));
    ended.second = cause::close_timeout;
    EXPECT_TRUE(is_abnormal(ended));
    for (const auto cause : ending::all_causes) {
        ended = clean_session();
        ended.outcome = ending::outcome::cut;
        ended.cause = cause;
        EXPECT_EQ(is_abnormal(ended), cause != cause::client_eof && cause != cause::backend_eof &&
                                          cause != cause::probe)
            << ending::to_text(cause);
    }
}

TEST(ended_session, abnormal_are_missing_bytes_and_sessions_that_could_not_be)
{
    auto ended = clean_session();
    ended.outcome = ending::outcome::unconfirmed;
    EXPECT_TRUE(is_abnormal(ended));
    ended.outcome = ending::outcome::lost;
    EXPECT_TRUE(is_abnormal(ended));
    ended.outcome = ending::outcome::none;
    ended.cause = ending::cause::no_backend;
    EXPECT_TRUE(is_abnormal(ended));
}

} // namespace
} // namespace ferrule::record
