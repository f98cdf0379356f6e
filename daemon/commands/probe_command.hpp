// `ferrule probe …` on the command line.
#pragma once

#include <CLI/App.hpp>

#include <memory>

namespace ferrule::commands {

/// Adds `probe` to `app` when made; asks and prints when run.
class probe_command {
public:
    explicit probe_command(CLI::App& app);
    ~probe_command();
    probe_command(const probe_command&) = delete;
    probe_command& operator=(const probe_command&) = delete;

    bool is_given() const;

    /// Returns the exit code: 0 truthful, 1 not so or not known, 2 wrong usage.
    int run() const;

private:
    struct choices;
    std::unique_ptr<choices> choices_;
};

} // namespace ferrule::commands
