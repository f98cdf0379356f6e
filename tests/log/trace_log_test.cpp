// The way of a session's trace through the log.
#include "log/log_fixture.hpp"

namespace ferrule::log {
namespace {

using test::clean_session;
using test::lines_of;
using test::lossy_session;
using test::probe_session;
using test::session_log_test;

record::recorder two_events()
{
    record::recorder events{4};
    events.add(base::microseconds{0}, record::happening::accepted);
    events.add(base::microseconds{1500}, record::happening::handshake_done);
    return events;
}

TEST_F(session_log_test, an_abnormal_session_is_followed_by_its_trace)
{
    auto log = make();
    log->ended(0, lossy_session(1), two_events());
    log->ended(0, clean_session(2), two_events());
    log->ended(0, lossy_session(3), record::recorder{4});
    log->ended(0, probe_session(4), two_events());
    log.reset();
    const auto lines = lines_of(path);
    ASSERT_EQ(lines.size(), 4u);
    EXPECT_NE(lines[0].find(" ended session=1 "), std::string::npos);
    EXPECT_EQ(lines[1].substr(24), " warning trace session=1 listener=web omitted=0 "
                                   "events=\"+0.000ms accepted; +1.500ms handshake_done\"");
    EXPECT_NE(lines[2].find(" ended session=2 "), std::string::npos);
    EXPECT_NE(lines[3].find(" ended session=3 "), std::string::npos);
}

TEST_F(session_log_test, a_trace_is_json_if_the_log_is)
{
    settings.format = config::log_format::json;
    auto log = make();
    log->ended(0, lossy_session(1), two_events());
    log.reset();
    const auto lines = lines_of(path);
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[1], json_trace_line(lossy_session(1), two_events()));
}

TEST_F(session_log_test, a_session_without_a_line_leaves_no_trace)
{
    settings.sessions = config::logged_sessions::none;
    auto log = make();
    log->ended(0, lossy_session(1), two_events());
    log.reset();
    EXPECT_TRUE(lines_of(path).empty());
    EXPECT_EQ(dropped_sessions() + dropped_traces(), 0u);
}

} // namespace
} // namespace ferrule::log
