// Every happy session, with everything that can go wrong put in at every place; and the truth about
// each (session/truth.hpp).

#include "session/scripts.hpp"
#include "session/truth.hpp"

#include <filesystem>
#include <iterator>
#include <tuple>

namespace {

using namespace std::chrono_literals;
using ferrule::ending::all_modes;
using ferrule::ending::mode;
using ferrule::test::all_faults;
using ferrule::test::all_scripts;
using ferrule::test::fault;
using ferrule::test::script;
using ferrule::test::stage;
using ferrule::test::truth;
using ferrule::test::world_options;

std::ptrdiff_t open_descriptors()
{
    return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"},
                         std::filesystem::directory_iterator{});
}

/// Where a fault strikes.
struct place {
    std::size_t step;
    bool in_its_turn; ///< together with what the step does, instead of before it
};

void run(const script& told, const fault& wrong, place where, const world_options& options)
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

void replay(const script& told, const fault& wrong, const world_options& options)
{
    for (std::size_t step = 0; step <= told.steps.size(); ++step) {
        for (const bool in_its_turn : {false, true}) {
            const bool behind = step == told.steps.size();
            if (behind && in_its_turn)
                continue;
            SCOPED_TRACE(std::string(told.name) + ": " + wrong.name +
                         (in_its_turn ? " together with " : " before ") +
                         (behind ? "nothing more" : told.steps[step].name));
            const auto before = open_descriptors();
            run(told, wrong, {step, in_its_turn}, options);
            EXPECT_EQ(before, open_descriptors()) << "a descriptor was left open";
            if (::testing::Test::HasFailure())
                return;
        }
    }
}

world_options options_for(const script& told, int version)
{
    world_options options{.version = version, .resumes = true, .kernel_milliseconds = 1};
    if (told.is_narrow)
        options.client_window = options.backend_window = options.send_buffer = 8192;
    return options;
}

// --- every mode and version
// ------------------------------------------------------------------------

class faults : public ::testing::TestWithParam<std::tuple<std::size_t, mode, int>> {};

std::string name_of(const ::testing::TestParamInfo<faults::ParamType>& given)
{
    const auto& [which, how, version] = given.param;
    return std::string(all_scripts()[which].name) + "_in_mode_" +
           std::string(ferrule::ending::to_text(how)) +
           (version == TLS1_2_VERSION ? "_tls_1_2" : "_tls_1_3");
}

INSTANTIATE_TEST_SUITE_P(session, faults,
                         ::testing::Combine(::testing::Range(std::size_t{0}, all_scripts().size()),
                                            ::testing::ValuesIn(all_modes),
                                            ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION)),
                         name_of);

TEST_P(faults, at_every_step_are_told_truly)
{
    const auto& [which, how, version] = GetParam();
    const script& told = all_scripts()[which];
    world_options options = options_for(told, version);
    options.shutdown.rules.mode = how;
    for (const fault& wrong : all_faults()) {
        replay(told, wrong, options);
        if (HasFailure())
            return;
    }
}

} // namespace
