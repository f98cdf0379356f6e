// What a session remembers of itself: the story of its ending, in its order.
#include "session/world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace ferrule::test {
namespace {

using record::happening;
using record::recorded;
using record::recorder;

/// An event with what belongs to it, without its time.
std::string told(const recorded& event)
{
    const auto number = static_cast<std::uint8_t>(event.detail);
    switch (event.kind()) {
    case happening::step: return std::string{to_text(static_cast<ending::step>(number))};
    case happening::cause:
    case happening::second:
    case happening::end_ordered:
        return std::string{record::to_text(event.kind())} + ' ' +
               std::string{to_text(static_cast<ending::cause>(number))};
    case happening::client_ended:
    case happening::backend_ended:
        return std::string{record::to_text(event.kind())} + ' ' +
               std::string{to_text(static_cast<ending::source>(number))};
    case happening::bound_passed:
        return std::string{record::to_text(event.kind())} + ' ' +
               std::string{to_text(static_cast<ending::patience>(number))};
    default: break;
    }
    std::string text{record::to_text(event.kind())};
    if (record::moves_bytes(event.kind()))
        text += ' ' + std::to_string(event.amount);
    return text;
}

std::vector<std::string> story(const recorder& of)
{
    std::vector<std::string> all;
    for (std::size_t i = 0; i < of.size(); ++i)
        all.push_back(told(of[i]));
    return all;
}

/// These stand in `all` in this order, whatever stands between them.
void expect_in_order(const std::vector<std::string>& all, const std::vector<std::string>& wanted)
{
    auto from = all.begin();
    for (const std::string& each : wanted) {
        const auto found = std::find(from, all.end(), each);
        if (found == all.end()) {
            std::string text;
            for (const std::string& event : all)
                text += "\n  " + event;
            FAIL() << each << " is missing, or too early, in:" << text;
        }
        from = found + 1;
    }
}

world_options recording()
{
    world_options options;
    options.recorder = 64;
    return options;
}

TEST(recording, a_client_that_breaks_off)
{
    world it{recording()};
    it.establish();
    it.client.send("request");
    it.settle();
    it.backend.send("answer");
    it.settle();
    it.client.finish();
    ASSERT_TRUE(it.finish());
    const std::vector<std::string> all = story(it.recordings.at(0));
    expect_in_order(all, {"accepted", "handshake_done", "connecting", "connected", "client_read 7",
                          "backend_write 7", "backend_read 6", "client_write 6",
                          "client_ended truncated", "cause client_truncated", "deadline_armed",
                          "abort_backend"});
    expect_in_order(all, {"cause client_truncated", "abort_client"});
}

TEST(recording, a_backend_that_resets)
{
    world it{recording()};
    it.establish();
    it.backend.send("half of the");
    it.settle();
    it.backend.reset();
    ASSERT_TRUE(it.finish());
    expect_in_order(story(it.recordings.at(0)),
                    {"connected", "backend_read 11", "client_write 11", "backend_ended reset",
                     "cause backend_reset", "abort_client"});
}

TEST(recording, alerts_are_told_with_their_direction)
{
    world it{recording()};
    it.establish();
    it.client.say_goodbye();
    it.settle();
    it.backend.finish();
    ASSERT_TRUE(it.finish());
    expect_in_order(story(it.recordings.at(0)),
                    {"alert_received", "client_ended clean", "cause client_eof", "finish_backend",
                     "backend_ended clean", "second backend_eof", "finish_client", "alert_sent",
                     "client_acknowledged", "release_client"});
}

TEST(recording, a_bound_that_passes)
{
    world it{recording()};
    it.establish();
    it.client.say_goodbye();
    ASSERT_TRUE(it.finish());
    const recorder& all = it.recordings.at(0);
    expect_in_order(story(all), {"cause client_eof", "finish_backend", "waiting",
                                 "bound_passed half_close", "second half_close_timeout"});
    for (std::size_t i = 1; i < all.size(); ++i)
        EXPECT_LE(all[i - 1].at, all[i].at) << "time never goes back";
}

TEST(recording, an_order_to_end)
{
    world it{recording()};
    it.establish();
    it.current().end(ending::cause::killed);
    ASSERT_TRUE(it.finish());
    expect_in_order(story(it.recordings.at(0)), {"end_ordered killed", "cause killed"});
}

TEST(recording, a_long_transfer_leaves_the_beginning_in_place)
{
    world_options options = recording();
    options.recorder = 32;
    world it{options};
    it.establish();
    for (int i = 0; i < 200; ++i) {
        it.backend.send(std::string(5000, 'x'));
        it.settle();
    }
    it.backend.reset();
    ASSERT_TRUE(it.finish());
    EXPECT_EQ(it.recordings.at(0).omitted(), 0u);
    expect_in_order(story(it.recordings.at(0)),
                    {"accepted", "backend_read 1000000", "backend_ended reset"});
}

TEST(recording, off_remembers_nothing)
{
    world it;
    it.establish();
    it.backend.reset();
    ASSERT_TRUE(it.finish());
    EXPECT_FALSE(it.recordings.at(0).is_on());
    EXPECT_EQ(it.recordings.at(0).size(), 0u);
}

} // namespace
} // namespace ferrule::test
