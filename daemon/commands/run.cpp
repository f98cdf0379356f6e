// `ferrule run`
#include "commands/commands.hpp"
#include "commands/configuration.hpp"
#include "process/process.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <string>
#include <utility>

namespace ferrule::commands {

namespace {

int run(const std::string& path)
{
    process::process::hold_reload_signals();
    std::optional<config::settings> settings = read_configuration(path);
    if (!settings)
        return exit_usage;
    metrics::registry numbers{process::worker_count(*settings)};
    log::session_log log{settings->log, process::worker_count(*settings), numbers};
    process::process serving{std::move(*settings), [path] { return process::load_settings(path); },
                             numbers, log};
    return serving.run();
}

} // namespace

command add_run(CLI::App& app)
{
    const auto path = std::make_shared<std::string>();
    CLI::App* const asked = app.add_subcommand("run", "serve as a configuration file says");
    asked->add_option("-c,--config", *path, "the configuration file")->required();
    return {asked, [path] { return run(*path); }};
}

} // namespace ferrule::commands
