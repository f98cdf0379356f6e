// Every happy session, with everything that can go wrong put in at every place, in every mode and
// version; and the truth about each.

#include "session/replay.hpp"

#include <tuple>

namespace {

using ferrule::ending::all_modes;
using ferrule::ending::mode;
using ferrule::test::all_faults;
using ferrule::test::all_scripts;
using ferrule::test::fault;
using ferrule::test::replay;
using ferrule::test::script;
using ferrule::test::world_options;

// --- every mode and version
// ------------------------------------------------------------------------

void replay_all(std::size_t which, mode how, int version, bool together)
{
    const script& told = all_scripts()[which];
    world_options options = ferrule::test::options_for(told, version);
    options.shutdown.rules.mode = how;
    for (const fault& wrong : all_faults()) {
        replay(told, wrong, together, options);
        if (::testing::Test::HasFailure())
            return;
    }
}

std::string name_of(std::size_t which, mode how)
{
    return std::string(all_scripts()[which].name) + "_in_mode_" +
           std::string(ferrule::ending::to_text(how));
}

const auto every_script = ::testing::Range(std::size_t{0}, all_scripts().size());

// --- between two steps ---------------------------------------------------------------------------

class faults_between : public ::testing::TestWithParam<std::tuple<std::size_t, mode, int>> {
public:
    static std::string name(const ::testing::TestParamInfo<ParamType>& given)
    {
        const auto& [which, how, version] = given.param;
        return name_of(which, how) + (version == TLS1_2_VERSION ? "_tls_1_2" : "_tls_1_3");
    }
};

INSTANTIATE_TEST_SUITE_P(session, faults_between,
                         ::testing::Combine(every_script, ::testing::ValuesIn(all_modes),
                                            ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION)),
                         faults_between::name);

TEST_P(faults_between, any_two_steps_are_told_truly)
{
    const auto& [which, how, version] = GetParam();
    replay_all(which, how, version, false);
}

// --- in the turn of a step -----------------------------------------------------------------------

class faults_together : public ::testing::TestWithParam<std::tuple<std::size_t, mode>> {
public:
    static std::string name(const ::testing::TestParamInfo<ParamType>& given)
    {
        const auto& [which, how] = given.param;
        return name_of(which, how);
    }
};

INSTANTIATE_TEST_SUITE_P(session, faults_together,
                         ::testing::Combine(every_script, ::testing::ValuesIn(all_modes)),
                         faults_together::name);

TEST_P(faults_together, with_any_step_are_told_truly)
{
    const auto& [which, how] = GetParam();
    replay_all(which, how, TLS1_3_VERSION, true);
}

} // namespace
