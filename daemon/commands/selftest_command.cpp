#include "commands/selftest_command.hpp"

#include <CLI/CLI.hpp>

namespace ferrule::commands {

selftest_command::selftest_command(CLI::App& app)
    : command_{app.add_subcommand(
          "selftest", "play endings on loopback, and tell whether they go as they should")}
{
    command_->require_subcommand(1);
    CLI::App* const endings = command_->add_subcommand(
        "endings", "what each side sees of every way to end, for each listener; exit code 1 if "
                   "something is not as the rules and the configuration say");
    endings->add_option("-c,--config", configuration_,
                        "the configuration file; without it, everything by default");
    endings->add_flag("--json", as_json_, "print the result for programs");
}

} // namespace ferrule::commands
