// `ferrule check`
#include "commands/commands.hpp"
#include "commands/configuration.hpp"
#include "commands/summary.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <string>

namespace ferrule::commands {

namespace {

int check(const std::string& path)
{
    const std::optional<config::settings> settings = read_configuration(path);
    if (!settings)
        return exit_usage;
    std::printf("%s: fine\n%s", path.c_str(), summary(*settings).c_str());
    return exit_fine;
}

} // namespace

command add_check(CLI::App& app)
{
    const auto path = std::make_shared<std::string>();
    CLI::App* const asked =
        app.add_subcommand("check", "report every error of a configuration file, or what it means");
    asked->add_option("FILE", *path, "the configuration file")->required();
    return {asked, [path] { return check(*path); }};
}

} // namespace ferrule::commands
