#include "process/tls_options.hpp"

namespace ferrule::process {

tls::context_options options_of(const config::tls_settings& settings)
{
    tls::context_options options;
    options.certificate_pem = settings.certificate_pem;
    options.key_pem = settings.key_pem;
    options.min_version = settings.min_version;
    options.max_version = settings.max_version;
    options.ciphers = settings.ciphers;
    options.suites = settings.suites;
    options.groups = settings.groups;
    options.alpn = settings.alpn;
    return options;
}

} // namespace ferrule::process
