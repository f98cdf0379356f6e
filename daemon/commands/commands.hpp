// The subcommands of `ferrule`: one file for each, all of one shape.
#pragma once

#include <CLI/App.hpp>

#include <functional>

namespace ferrule::commands {

/// What a process that was asked for something ends with.
constexpr int exit_fine = 0;
constexpr int exit_failed = 1; ///< at run time; of a drain: not without a cut or a loss
constexpr int exit_usage = 2;  ///< wrong usage or configuration

/// A subcommand as the command line has it, and what it does when it is given.
struct command {
    CLI::App* asked = nullptr;
    /// Returns the exit code; throws std::exception with what is wrong. Owns what was typed.
    std::function<int()> run;
};

/// Each adds its subcommand, with its options and help, to `app`, which must outlive it.
command add_run(CLI::App& app);
command add_check(CLI::App& app);
command add_demo(CLI::App& app);
command add_ctl(CLI::App& app);
command add_probe(CLI::App& app);
command add_selftest(CLI::App& app);
command add_version(CLI::App& app);

} // namespace ferrule::commands
