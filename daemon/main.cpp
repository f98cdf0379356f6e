// The command line: run, check, demo, selftest, ctl, probe, version.
//
// Exit codes: 0 fine, 1 failed at run time (or drained, but not without a cut or a loss), 2 wrong
// usage or configuration.

#include "base/version.hpp"
#include "commands/ctl_command.hpp"
#include "commands/probe_command.hpp"
#include "commands/selftest_command.hpp"
#include "commands/summary.hpp"
#include "process/load_settings.hpp"
#include "process/process.hpp"
#include "tls/context.hpp"
#include "tls/record_memory.hpp"
#include "trials/demo/demo.hpp"
#include "trials/selftest/selftest.hpp"

#include <CLI/CLI.hpp>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>

namespace ferrule {

namespace {

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

/// Each session needs two descriptors: take all that the system gives.
void raise_descriptor_limit()
{
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/// Reads and prints findings to standard error.
process::loaded load(const std::string& path)
{
    process::loaded loaded = process::load_settings(path, base::streams::taken);
    const std::string findings = yaml::to_text(loaded.reading.findings, loaded.text, path);
    std::fputs(findings.c_str(), stderr);
    if (loaded.reading.settings.has_value())
        loaded.reading.settings->file = path;
    return loaded;
}

int run(const std::string& path)
{
    process::process::hold_reload_signals();
    process::loaded loaded = load(path);
    if (!loaded.reading.settings.has_value())
        return exit_usage;
    config::settings settings = std::move(*loaded.reading.settings);
    metrics::registry numbers{process::worker_count(settings)};
    log::session_log log{settings.log, process::worker_count(settings), numbers};
    process::process server{std::move(settings), [path] { return process::load_settings(path); },
                            numbers, log};
    return server.run();
}

int check(const std::string& path)
{
    const process::loaded loaded = load(path);
    if (!loaded.reading.settings.has_value())
        return exit_usage;
    std::printf("%s: fine\n%s", path.c_str(), commands::summary(*loaded.reading.settings).c_str());
    return 0;
}

int selftest(const commands::selftest_command& asked)
{
    config::settings settings;
    if (asked.configuration().empty()) {
        settings = selftest::selftest_settings();
    } else {
        process::loaded loaded = load(asked.configuration());
        if (!loaded.reading.settings.has_value())
            return exit_usage;
        settings = std::move(*loaded.reading.settings);
    }
    const selftest::selftest_report report = selftest::run_selftest(settings);
    std::fputs((asked.as_json() ? selftest::to_json(report) : selftest::to_text(report)).c_str(),
               stdout);
    return report.is_good() ? 0 : exit_failed;
}

int version()
{
    std::printf("ferrule %s (%s)\n", std::string{base::version}.c_str(),
                tls::library_version().c_str());
    return 0;
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

    std::string path;
    CLI::App* run_command = app.add_subcommand("run", "serve as a configuration file says");
    run_command->add_option("-c,--config", path, "the configuration file")->required();
    CLI::App* check_command =
        app.add_subcommand("check", "report every error of a configuration file, or what it means");
    check_command->add_option("FILE", path, "the configuration file")->required();
    CLI::App* demo_command = app.add_subcommand(
        "demo", "serve an embedded backend on 127.0.0.1:8443 and tell each session's ending");
    demo::demo_options demo;
    demo_command->add_option("--port", demo.port, "TLS port")->capture_default_str();
    demo_command->add_option("--metrics-port", demo.metrics_port, "metrics port")
        ->capture_default_str();
    const commands::ctl_command ctl{app};
    const commands::probe_command probe{app};
    const commands::selftest_command selftest_asked{app};
    CLI::App* version_command = app.add_subcommand("version", "print the version");

    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : exit_usage;
    }
    try {
        if (run_command->parsed())
            return run(path);
        if (check_command->parsed())
            return check(path);
        if (demo_command->parsed())
            return demo::run_demo(demo);
        if (ctl.is_given())
            return ctl.run();
        if (probe.is_given())
            return probe.run();
        if (selftest_asked.is_given())
            return selftest(selftest_asked);
        if (version_command->parsed())
            return version();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "ferrule: %s\n", error.what());
        return exit_failed;
    }
    return exit_usage;
}

} // namespace

} // namespace ferrule

int main(int count, char** arguments)
{
    ferrule::tls::keep_record_memory();
    return ferrule::command_line(count, arguments);
}
