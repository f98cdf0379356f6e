// `ferrule selftest …` on the command line.
#pragma once

#include <CLI/App.hpp>

#include <string>

namespace ferrule::commands {

/// Adds `selftest` with its commands to `app` when made; plays and prints when run.
class selftest_command {
public:
    explicit selftest_command(CLI::App& app);
    selftest_command(const selftest_command&) = delete;
    selftest_command& operator=(const selftest_command&) = delete;

    bool is_given() const { return command_->parsed(); }

    /// Empty: the built-in configuration.
    const std::string& configuration() const { return configuration_; }
    bool as_json() const { return as_json_; }

private:
    CLI::App* command_;
    std::string configuration_;
    bool as_json_ = false;
};

} // namespace ferrule::commands
