#include "log/attempt.hpp"

#include "log/log_fixture.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace ferrule::log {
namespace {

/// What the log has when `trying` was attempted by `act`, and what the attempt answered.
template <typename Act>
std::pair<bool, std::string> outcome_of(const char* trying, Act act)
{
    const test::temporary_folder folder;
    metrics::registry numbers{1};
    config::log_settings settings;
    settings.target = folder / "log";
    bool went_well = false;
    {
        session_log log{settings, 1, numbers};
        went_well = attempt(log, trying, act);
    }
    std::string text;
    for (const std::string& each : test::lines_of(folder / "log"))
        text += each + "\n";
    return {went_well, text};
}

TEST(attempts, do_what_can_be_done_without_a_word)
{
    int done = 0;
    EXPECT_EQ(outcome_of("count", [&] { ++done; }), std::make_pair(true, std::string{}));
    EXPECT_EQ(1, done);
}

TEST(attempts, say_what_cannot_be_done_and_why)
{
    const auto [went_well, text] =
        outcome_of("look names up", [] { throw std::runtime_error{"no thread"}; });
    EXPECT_FALSE(went_well);
    EXPECT_NE(std::string::npos, text.find("cannot look names up: no thread")) << text;
}

} // namespace
} // namespace ferrule::log
