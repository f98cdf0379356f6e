// Sessions to which anything happens in any order, judged by session/truth.hpp. What a seed does is
// the same each time.

#include "session/replay.hpp"

#include <random>

namespace {

using namespace std::chrono_literals;
using ferrule::ending::rules;
using ferrule::test::all_faults;
using ferrule::test::all_scripts;
using ferrule::test::stage;
using ferrule::test::step;
using ferrule::test::truth;
using ferrule::test::world_options;

constexpr int steps_max = 14;

/// What is not in a script: time, and bytes that take what a peer has read.
const step more_steps[] = {
    {"half a second", [](stage& on) { on.wait(500ms); }},
    {"two seconds", [](stage& on) { on.wait(2s); }},
    {"half a minute", [](stage& on) { on.wait(30s); }},
    {"a gulp of the client", [](stage& on) { on.it.client.gulp(); }},
    {"a gulp of the backend", [](stage& on) { on.it.backend.gulp(); }},
};

class dice {
public:
    explicit dice(unsigned seed) : random_{seed} {}

    std::size_t below(std::size_t limit) { return random_() % limit; }
    bool one_in(std::size_t times) { return below(times) == 0; }

    template <typename Enum>
    Enum choice(std::size_t count)
    {
        return static_cast<Enum>(below(count));
    }

    rules any_rules()
    {
        namespace ending = ferrule::ending;
        rules any;
        any.mode = choice<ending::mode>(3);
        any.half_close = choice<ending::half_close>(2);
        any.on_client_truncation = choice<ending::client_policy>(2);
        any.on_client_reset = choice<ending::client_policy>(2);
        any.on_backend_reset = choice<ending::backend_policy>(2);
        any.on_proxy_end = choice<ending::proxy_policy>(3);
        return any;
    }

    /// Most are steps of some script.
    step any_step()
    {
        if (one_in(5))
            return more_steps[below(std::size(more_steps))];
        const auto& script = all_scripts()[below(all_scripts().size())];
        return script.steps[2 + below(script.steps.size() - 2)];
    }

private:
    std::mt19937 random_;
};

void live_at_random(unsigned seed)
{
    dice any{seed};
    world_options options =
        ferrule::test::options_for(all_scripts()[any.below(all_scripts().size())],
                                   any.one_in(2) ? TLS1_2_VERSION : TLS1_3_VERSION);
    options.shutdown.rules = any.one_in(2) ? rules{} : any.any_rules();
    options.ack_milliseconds = 100; // who reads nothing acknowledges late
    stage on{options};
    on.it.connect();
    std::string story;
    const auto happens = [&](const char* what) { story += std::string("\n  ") + what; };
    const auto fault = [&] {
        const auto& wrong = all_faults()[any.below(all_faults().size())];
        happens(wrong.name);
        wrong.act(on, true);
    };
    for (std::size_t i = 0; i < 2 + any.below(steps_max); ++i) {
        const step next = i < 2 ? all_scripts()[0].steps[i] : any.any_step();
        happens(next.name);
        next.act(on);
        if (any.one_in(10))
            fault();
        if (!any.one_in(4)) {
            on.settle();
            happens(".");
        }
    }
    SCOPED_TRACE("seed " + std::to_string(seed) + ":" + story);
    ASSERT_TRUE(on.finish()) << "E4: the session does not end, or does not tell its peers";
    truth{on, options, true}.check();
}

class at_random : public ::testing::TestWithParam<unsigned> {};

INSTANTIATE_TEST_SUITE_P(session, at_random, ::testing::Range(0U, 10U));

TEST_P(at_random, whatever_happens_is_told_truly)
{
    for (unsigned seed = 0; seed < 50 && !HasFailure(); ++seed)
        live_at_random(GetParam() * 1000 + seed);
}

} // namespace
