// `ferrule demo`
#include "trials/demo/demo.hpp"

#include "commands/commands.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace ferrule::commands {

command add_demo(CLI::App& app)
{
    const auto options = std::make_shared<demo::demo_options>();
    CLI::App* const asked = app.add_subcommand(
        "demo", "serve an embedded backend on 127.0.0.1:8443 and tell each session's ending");
    asked->add_option("--port", options->port, "TLS port")->capture_default_str();
    asked->add_option("--metrics-port", options->metrics_port, "metrics port")
        ->capture_default_str();
    return {asked, [options] { return demo::run_demo(*options); }};
}

} // namespace ferrule::commands
