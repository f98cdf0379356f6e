// ferrule_sessions_ended_total: which series there are.

#include "ending/outcome.hpp"
#include "metrics/exposition.hpp"
#include "metrics/registry.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ferrule::metrics {
namespace {

using test::count_of;
using test::value_of;

template <typename Word>
std::size_t index(Word word)
{
    return static_cast<std::size_t>(word);
}

TEST(families, every_outcome_that_a_cause_can_have_is_there_at_zero_from_the_start)
{
    registry numbers{2};
    numbers.of_listener(0, "web");
    const std::string text = numbers.text();
    EXPECT_EQ(count_of(text, "ferrule_sessions_ended_total{"), 56);
    for (const auto cause : ending::all_causes)
        for (const auto outcome : ending::all_outcomes) {
            const std::string series = R"(ferrule_sessions_ended_total{listener="web",cause=")" +
                                       std::string(ending::to_text(cause)) + "\",outcome=\"" +
                                       std::string(ending::to_text(outcome)) + "\"}";
            if (ending::can_come_of(cause, outcome))
                EXPECT_EQ(value_of(text, series), 0) << series;
            else
                EXPECT_EQ(text.find(series), std::string::npos) << series;
        }
}

TEST(families, what_should_never_be_is_shown_if_it_is)
{
    registry numbers{1};
    numbers.of_listener(0, "web")
        .sessions_ended[index(ending::cause::probe)][index(ending::outcome::clean)]
        .add();
    EXPECT_EQ(value_of(numbers.text(), "ferrule_sessions_ended_total"
                                       R"({listener="web",cause="probe",outcome="clean"})"),
              1);
}

TEST(families, an_ending_is_counted_under_its_cause_and_outcome)
{
    registry numbers{1};
    numbers.of_listener(0, "web")
        .sessions_ended[index(ending::cause::backend_reset)][index(ending::outcome::lost)]
        .add(3);
    const std::string text = numbers.text();
    EXPECT_EQ(value_of(text, "ferrule_sessions_ended_total"
                             R"({listener="web",cause="backend_reset",outcome="lost"})"),
              3);
    EXPECT_EQ(value_of(text, "ferrule_sessions_ended_total"
                             R"({listener="web",cause="backend_reset",outcome="cut"})"),
              0);
}

} // namespace
} // namespace ferrule::metrics
