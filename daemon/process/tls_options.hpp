// What the configuration says of TLS → what a context is made of.
#pragma once

#include "config/settings.hpp"
#include "tls/context.hpp"

namespace ferrule::process {

/// All that the file says; a listener's name and tickets are its own matter.
tls::context_options options_of(const config::tls_settings& settings);

} // namespace ferrule::process
