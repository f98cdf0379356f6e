#include "ending/next_step.hpp"
#include "log/session_log.hpp"
#include "record/session_records.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace ferrule::log {
namespace {

using namespace std::chrono_literals;
using record::happening;
using record::recorder;
using test::clean_session;
using test::lossy_session;

template <typename Enum>
std::uint8_t number(Enum value)
{
    return static_cast<std::uint8_t>(value);
}

recorder of_a_reset()
{
    recorder events{16};
    events.add(0us, happening::accepted);
    events.add(1234us, happening::handshake_done);
    events.add(1300us, happening::connect_failed, 0, ECONNREFUSED);
    events.add(1400us, happening::connected);
    events.add(1400us, happening::waiting, 600'000, number(ending::patience::idle));
    events.add(2000us, happening::client_read, 517);
    events.add(3000us, happening::backend_read, 32'768);
    events.add(310'200us, happening::backend_read, 1000);
    events.add(311ms, happening::alert_received, 0, 42);
    events.add(311ms, happening::alert_sent, 0, 0);
    events.add(312ms, happening::backend_ended, 0, number(ending::source::reset));
    events.add(312ms, happening::backend_gone, 0, ECONNRESET);
    events.add(312ms, happening::cause, 0, number(ending::cause::backend_reset));
    events.add(312ms, happening::deadline_armed, 300'000);
    events.add(312ms, happening::step, 0, number(ending::step::abort_client));
    return events;
}

TEST(trace_line, text_tells_the_events_in_one_field)
{
    EXPECT_EQ(text_trace_line(lossy_session(), of_a_reset()),
              "trace session=13 listener=web omitted=0 events=\""
              "+0.000ms accepted; +1.234ms handshake_done; "
              "+1.300ms connect_failed Connection refused; +1.400ms connected; "
              "+1.400ms waiting idle 600000ms; +2.000ms client_read 517; "
              "+3.000ms..+310.000ms backend_read 33768 in 2; "
              "+311.000ms alert_received bad_certificate; +311.000ms alert_sent close_notify; "
              "+312.000ms backend_ended reset; +312.000ms backend_gone Connection reset by peer; "
              "+312.000ms cause backend_reset; +312.000ms deadline_armed 300000ms; "
              "+312.000ms abort_client\"");
}

TEST(trace_line, json_has_the_same_events_with_types)
{
    EXPECT_EQ(json_trace_line(lossy_session(), of_a_reset()),
              R"({"time":"2026-11-24T08:18:30.123Z","level":"warning","event":"session_trace",)"
              R"("session":13,"listener":"web","omitted":0,"events":[)"
              R"({"at_us":0,"what":"accepted"},)"
              R"({"at_us":1234,"what":"handshake_done"},)"
              R"({"at_us":1300,"what":"connect_failed","error":"Connection refused"},)"
              R"({"at_us":1400,"what":"connected"},)"
              R"({"at_us":1400,"what":"waiting","bound":"idle","for_ms":600000},)"
              R"({"at_us":2000,"what":"client_read","bytes":517,"count":1,"lasted_ms":0},)"
              R"({"at_us":3000,"what":"backend_read","bytes":33768,"count":2,"lasted_ms":307},)"
              R"({"at_us":311000,"what":"alert_received","alert":"bad_certificate"},)"
              R"({"at_us":311000,"what":"alert_sent","alert":"close_notify"},)"
              R"({"at_us":312000,"what":"backend_ended","how":"reset"},)"
              R"({"at_us":312000,"what":"backend_gone","error":"Connection reset by peer"},)"
              R"({"at_us":312000,"what":"cause","cause":"backend_reset"},)"
              R"({"at_us":312000,"what":"deadline_armed","for_ms":300000},)"
              R"({"at_us":312000,"what":"abort_client"}]})");
}

TEST(trace_line, it_says_how_much_is_missing)
{
    recorder last{1};
    last.add(0us, happening::accepted);
    last.add(5us, happening::handshake_done);
    EXPECT_EQ(text_trace_line(clean_session(), last),
              "trace session=12 listener=web omitted=1 events=\"+0.005ms handshake_done\"");
    EXPECT_NE(json_trace_line(clean_session(), last).find(R"("omitted":1,)"), std::string::npos);
}

TEST(trace_line, an_alert_that_nobody_has_defined_is_a_number)
{
    // A peer chooses it, so it is as little to be trusted as any other text of its.
    recorder events{2};
    events.add(0us, happening::alert_received, 0, 0x22);
    events.add(0us, happening::alert_sent, 0, 48);
    EXPECT_EQ(text_trace_line(clean_session(), events),
              "trace session=12 listener=web omitted=0 "
              "events=\"+0.000ms alert_received 34; +0.000ms alert_sent unknown_ca\"");
}

TEST(trace_line, a_listener_s_name_forges_nothing)
{
    auto ended = clean_session();
    ended.listener = std::string_view{"x\" outcome=clean\n"};
    EXPECT_NE(text_trace_line(ended, recorder{}).find(R"( listener="x\" outcome=clean\x0a" )"),
              std::string::npos);
    EXPECT_NE(json_trace_line(ended, recorder{}).find(R"("listener":"x\" outcome=clean\u000a",)"),
              std::string::npos);
}

} // namespace
} // namespace ferrule::log
