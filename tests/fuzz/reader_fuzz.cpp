// Any bytes as a configuration file: the reader must not crash, hang or leak, and has settings
// exactly if it has no error.

#include "config/reader.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace config = ferrule::config;
namespace yaml = ferrule::yaml;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string text(data, data + size);
    const config::reading result = config::read(text, "/nonexistent", {});
    const std::string shown = yaml::to_text(result.findings, text, "file");

    const bool has_error =
        std::any_of(result.findings.begin(), result.findings.end(),
                    [](const auto& finding) { return finding.level == yaml::severity::error; });
    if (result.settings.has_value() == has_error || result.findings.empty() != shown.empty())
        std::abort();
    return 0;
}
