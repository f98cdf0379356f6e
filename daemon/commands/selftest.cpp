// `ferrule selftest`
#include "trials/selftest/selftest.hpp"

#include "commands/commands.hpp"
#include "commands/configuration.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <string>

namespace ferrule::commands {

namespace {

/// What the command line says.
struct choices {
    std::string configuration; ///< empty: the built-in one
    bool as_json = false;
};

int selftest(const choices& typed)
{
    const std::optional<config::settings> settings = typed.configuration.empty()
                                                         ? selftest::selftest_settings()
                                                         : read_configuration(typed.configuration);
    if (!settings)
        return exit_usage;
    const selftest::selftest_report report = selftest::run_selftest(*settings);
    std::fputs((typed.as_json ? selftest::to_json(report) : selftest::to_text(report)).c_str(),
               stdout);
    return report.is_good() ? exit_fine : exit_failed;
}

} // namespace

command add_selftest(CLI::App& app)
{
    const auto typed = std::make_shared<choices>();
    CLI::App* const asked = app.add_subcommand(
        "selftest", "play endings on loopback, and tell whether they go as they should");
    asked->require_subcommand(1);
    CLI::App* const endings = asked->add_subcommand(
        "endings", "what each side sees of every way to end, for each listener; exit code 1 if "
                   "something is not as the rules and the configuration say");
    endings->add_option("-c,--config", typed->configuration,
                        "the configuration file; without it, everything by default");
    endings->add_flag("--json", typed->as_json, "print the result for programs");
    return {asked, [typed] { return selftest(*typed); }};
}

} // namespace ferrule::commands
