// The command line. What each subcommand does: commands/.

#include "commands/commands.hpp"
#include "tls/record_memory.hpp"

#include <CLI/CLI.hpp>
#include <sys/resource.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <exception>

namespace ferrule {

namespace {

/// Each session needs two descriptors: take all that the system gives.
void raise_descriptor_limit()
{
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/// Reads the command line and does what it says; returns the exit code.
int command_line(int count, char** arguments)
{
    std::signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();

    CLI::App app{
        "Ferrule terminates TLS in front of plaintext TCP servers, and ends every connection "
        "truthfully, within a bound, and with a count.\n"
        "Exit codes: 0 fine, 1 failed at run time, 2 wrong usage or configuration."};
    app.name("ferrule");
    app.require_subcommand(1);
    const std::array given{commands::add_run(app),    commands::add_check(app),
                           commands::add_demo(app),   commands::add_ctl(app),
                           commands::add_probe(app),  commands::add_selftest(app),
                           commands::add_version(app)};
    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? commands::exit_fine : commands::exit_usage;
    }
    try {
        for (const commands::command& each : given)
            if (each.asked->parsed())
                return each.run();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "ferrule: %s\n", error.what());
        return commands::exit_failed;
    }
    return commands::exit_usage;
}

} // namespace

} // namespace ferrule

int main(int count, char** arguments)
{
    ferrule::tls::keep_record_memory();
    return ferrule::command_line(count, arguments);
}
