// `ferrule ctl …` on the command line.
#pragma once

#include <CLI/App.hpp>

#include <memory>

namespace ferrule::commands {

/// Adds `ctl` with its commands to `app` when made; asks and prints when run.
class ctl_command {
public:
    explicit ctl_command(CLI::App& app);
    ~ctl_command();
    ctl_command(const ctl_command&) = delete;
    ctl_command& operator=(const ctl_command&) = delete;

    bool is_given() const;

    /// Returns the exit code; throws std::runtime_error if there is no answer.
    int run() const;

private:
    struct choices;
    std::unique_ptr<choices> choices_;
};

} // namespace ferrule::commands
