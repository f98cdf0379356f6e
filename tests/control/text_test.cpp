#include "control/text.hpp"

#include "control/ctl.hpp"

#include <gtest/gtest.h>

namespace ferrule::control {
namespace {

namespace json = boost::json;

json::object parsed(const char* text)
{
    return json::parse(text).as_object();
}

std::string wrong(const char* request)
{
    const auto filter = read_filter(parsed(request));
    const auto* const why = std::get_if<std::string>(&filter);
    return why == nullptr ? "" : *why;
}

TEST(filter, of_a_request_that_names_nothing_fits_anything)
{
    const auto filter = read_filter(parsed(R"({"command": "sessions", "limit": 3})"));
    EXPECT_TRUE(std::get<worker::session_filter>(filter).is_any());
}

TEST(filter, has_what_the_request_names)
{
    const auto read = read_filter(parsed(R"({"command": "sessions", "ids": [1, 1234],
        "listener": "web", "backend": "app", "client": "192.0.2.1", "state": "half_closed"})"));
    const auto& filter = std::get<worker::session_filter>(read);
    EXPECT_EQ((std::vector<std::uint64_t>{1, 1234}), filter.ids);
    EXPECT_EQ("web", filter.listener);
    EXPECT_EQ("app", filter.backend);
    EXPECT_EQ("192.0.2.1", filter.client);
    EXPECT_EQ(record::state::half_closed, filter.state);
    EXPECT_FALSE(filter.is_any());
}

TEST(filter, says_what_is_wrong)
{
    EXPECT_EQ("ids is no list", wrong(R"({"ids": 5})"));
    EXPECT_EQ("an id is a number, as the log and `sessions` say it", wrong(R"({"ids": ["5"]})"));
    EXPECT_EQ("an id is a number, as the log and `sessions` say it", wrong(R"({"ids": [-5]})"));
    EXPECT_EQ("an id is a number, as the log and `sessions` say it", wrong(R"({"ids": [1.5]})"));
    EXPECT_EQ("listener is no text", wrong(R"({"listener": 1})"));
    EXPECT_EQ("there is no filter colour", wrong(R"({"colour": "red"})"));
    EXPECT_EQ("state is one of handshaking, connecting, relaying, half_closed, closing",
              wrong(R"({"state": "odd"})"));
}

TEST(limit, is_a_hundred_or_what_the_request_says_within_its_range)
{
    EXPECT_EQ(100U, read_limit(parsed("{}")));
    EXPECT_EQ(1U, read_limit(parsed(R"({"limit": 1})")));
    EXPECT_EQ(100'000U, read_limit(parsed(R"({"limit": 100000})")));
    EXPECT_EQ(std::nullopt, read_limit(parsed(R"({"limit": 0})")));
    EXPECT_EQ(std::nullopt, read_limit(parsed(R"({"limit": 100001})")));
    EXPECT_EQ(std::nullopt, read_limit(parsed(R"({"limit": "1"})")));
    EXPECT_EQ(std::nullopt, read_limit(parsed(R"({"limit": -1})")));
}

TEST(words, for_sessions_tell_half_closed_and_closing_ones_apart)
{
    EXPECT_EQ("0 sessions open (0 half-closed, 0 closing)", sessions_in_words({}));
    EXPECT_EQ("1 session open (0 half-closed, 1 closing)", sessions_in_words({{}, 9, 1, 0, 1}));
    // The gauge of closing ones has the half-closed ones in it.
    EXPECT_EQ("7 sessions open (2 half-closed, 3 closing)", sessions_in_words({{}, 9, 7, 2, 5}));
}

TEST(words, say_how_far_the_process_is)
{
    metrics::process_state state;
    EXPECT_EQ("starting", process_word(state));
    state.ready = true;
    EXPECT_EQ("ready", process_word(state));
    state.failing_listeners = 1;
    EXPECT_EQ("failing", process_word(state));
    state.ready = false;
    state.draining = true;
    EXPECT_EQ("draining", process_word(state));
}

TEST(words, show_a_session_to_the_microsecond_and_a_dash_for_what_is_not_there)
{
    const json::object request = parsed(R"({"command": "sessions", "ids": [7]})");
    const json::object answer = parsed(R"({"ok": true, "sessions": [{"session": 7,
        "connect_seconds": 0.000426, "total_seconds": 12.5, "cause": null}]})");
    EXPECT_EQ("session=7\nconnect_seconds=0.000426\ntotal_seconds=12.500000\ncause=-\n",
              answer_in_words(request, answer));
}

} // namespace
} // namespace ferrule::control
