// YAML text → settings, or every reason why not.
#pragma once

#include "config/settings.hpp"
#include "yaml/diagnostic.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ferrule::config {

/// A finding about a listener's certificate, key or TLS options. Found by whoever knows TLS; the
/// reader only knows where in the file to point.
struct tls_finding {
    enum class about : std::uint8_t {
        certificate,
        key,
        ticket_keys,
        ciphers,
        suites,
        groups,
        versions
    };
    about which = about::certificate;
    yaml::severity level = yaml::severity::error;
    std::string message; ///< without the key's name: "does not match the certificate"
    std::string fix;
};

/// Looks at what the reader collected for one listener (PEM texts included).
using tls_inspector = std::function<std::vector<tls_finding>(const tls_settings&)>;

struct reading {
    std::optional<config::settings> settings; ///< set exactly if no finding is an error
    std::vector<yaml::diagnostic> findings;
};

/// Reads `text`; relative paths in it are taken from `directory`. Certificates, keys and ticket
/// keys are read here. Never throws for what a file says.
reading read(const std::string& text, const std::string& directory, const tls_inspector& inspect);

} // namespace ferrule::config
