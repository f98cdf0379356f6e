// `ferrule version`
#include "base/version.hpp"
#include "commands/commands.hpp"
#include "tls/context.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <string>

namespace ferrule::commands {

command add_version(CLI::App& app)
{
    return {app.add_subcommand("version", "print the version"), [] {
                std::printf("ferrule %s (%s)\n", std::string{base::version}.c_str(),
                            tls::library_version().c_str());
                return exit_fine;
            }};
}

} // namespace ferrule::commands
