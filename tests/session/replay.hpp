// Replays of happy sessions with one fault put in, each judged by session/truth.hpp.
#pragma once

#include "session/scripts.hpp"
#include "session/truth.hpp"

#include <filesystem>
#include <iterator>
#include <string>

namespace ferrule::test {

inline std::ptrdiff_t open_descriptors()
{
    return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"},
                         std::filesystem::directory_iterator{});
}

/// Where a fault strikes.
struct place {
    std::size_t step;
    bool in_its_turn; ///< together with what the step does, instead of before it
};

inline void replay_one(const script& told, const fault& wrong, place where,
                       const world_options& options)
{
    stage on{options};
    on.it.connect();
    for (std::size_t i = 0; i < told.steps.size(); ++i) {
        if (i == where.step && !where.in_its_turn) {
            wrong.act(on, false);
            on.settle();
        }
        told.steps[i].act(on);
        if (i == where.step && where.in_its_turn)
            wrong.act(on, true);
        on.settle();
    }
    if (where.step == told.steps.size())
        wrong.act(on, false);
    ASSERT_TRUE(on.finish()) << "E4: the session does not end, or does not tell its peers";
    truth{on, options, told.is_narrow}.check();
}

/// The fault before every step and behind the last one or, if it comes `together` with a step, in
/// the same turn of the session as what the step does. Stops at the first failure.
inline void replay(const script& told, const fault& wrong, bool together,
                   const world_options& options)
{
    for (std::size_t step = 0; step <= told.steps.size(); ++step) {
        const bool behind = step == told.steps.size();
        if (behind && together)
            break;
        SCOPED_TRACE(std::string(told.name) + ": " + wrong.name +
                     (together ? " together with " : " before ") +
                     (behind ? "nothing more" : told.steps[step].name));
        const auto before = open_descriptors();
        replay_one(told, wrong, {step, together}, options);
        EXPECT_EQ(before, open_descriptors()) << "a descriptor was left open";
        if (::testing::Test::HasFailure())
            return;
    }
}

/// For many replays: what takes the kernel its time is not waited for exactly.
inline world_options options_for(const script& told, int version)
{
    world_options options{
        .version = version, .resumes = true, .window_milliseconds = 1, .ack_milliseconds = 1};
    if (told.is_narrow)
        options.client_window = options.backend_window = options.send_buffer = 8192;
    return options;
}

} // namespace ferrule::test
