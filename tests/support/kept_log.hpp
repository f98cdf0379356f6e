// A log whose lines a test can read.
#pragma once

#include "log/session_log.hpp"
#include "metrics/registry.hpp"
#include "support/temporary_folder.hpp"

#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace ferrule::test {

/// A log, and what was written.
class kept_log {
public:
    explicit kept_log(metrics::registry& numbers, int workers = 1)
    {
        settings_.target = folder_ / "log";
        log_.emplace(settings_, workers, numbers);
    }

    log::session_log& log() { return *log_; }

    /// As configured, so that a reload does not find it changed.
    const config::log_settings& settings() const { return settings_; }

    /// Ends the log. Its lines without their time: "info ready".
    std::vector<std::string> lines()
    {
        log_.reset();
        std::ifstream file(settings_.target);
        std::vector<std::string> lines;
        for (std::string line; std::getline(file, line);)
            lines.push_back(line.substr(line.find(' ') + 1));
        return lines;
    }

private:
    temporary_folder folder_;
    config::log_settings settings_;
    std::optional<log::session_log> log_;
};

} // namespace ferrule::test
