// The same faults where the operator has chosen otherwise (docs/endings.md, "Options").

#include "session/replay.hpp"

namespace {

using ferrule::ending::backend_policy;
using ferrule::ending::client_policy;
using ferrule::ending::half_close;
using ferrule::ending::mode;
using ferrule::ending::proxy_policy;
using ferrule::ending::rules;
using ferrule::test::all_faults;
using ferrule::test::all_scripts;
using ferrule::test::fault;
using ferrule::test::replay;
using ferrule::test::script;
using ferrule::test::world_options;

struct choice {
    const char* name;
    rules manners;
};

const choice choices[] = {
    {"half_close_close", {.half_close = half_close::close}},
    {"half_close_close_and_always_polite",
     {.half_close = half_close::close, .on_proxy_end = proxy_policy::notify}},
    {"truncation_is_an_end", {.on_client_truncation = client_policy::fin}},
    {"client_reset_is_an_end", {.on_client_reset = client_policy::fin}},
    {"everything_of_the_client_is_an_end",
     {.mode = mode::notify,
      .on_client_truncation = client_policy::fin,
      .on_client_reset = client_policy::fin}},
    {"backend_reset_truncates", {.on_backend_reset = backend_policy::truncate}},
    {"always_polite", {.on_proxy_end = proxy_policy::notify}},
    {"never_polite", {.on_proxy_end = proxy_policy::reset}},
    {"mode_abort_and_always_polite", {.mode = mode::abort, .on_proxy_end = proxy_policy::notify}},
};

class fault_options : public ::testing::TestWithParam<choice> {};

INSTANTIATE_TEST_SUITE_P(session, fault_options, ::testing::ValuesIn(choices),
                         [](const auto& given) { return given.param.name; });

TEST_P(fault_options, change_what_is_told_and_nothing_else)
{
    for (const script& told : all_scripts()) {
        world_options options = ferrule::test::options_for(told, TLS1_2_VERSION);
        options.shutdown.rules = GetParam().manners;
        for (const fault& wrong : all_faults()) {
            replay(told, wrong, false, options);
            if (HasFailure())
                return;
        }
    }
}

} // namespace
