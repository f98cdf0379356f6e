#include "commands/configuration.hpp"

#include "process/load_settings.hpp"

#include <cstdio>
#include <utility>

namespace ferrule::commands {

std::optional<config::settings> read_configuration(const std::string& path)
{
    process::loaded loaded = process::load_settings(path, base::streams::taken);
    const std::string findings = yaml::to_text(loaded.reading.findings, loaded.text, path);
    std::fputs(findings.c_str(), stderr);
    if (loaded.reading.settings.has_value())
        loaded.reading.settings->file = path;
    return std::move(loaded.reading.settings);
}

} // namespace ferrule::commands
