// The scripts of `ferrule selftest endings`: one for each row.
#pragma once

#include "trials/selftest/rows.hpp"
#include "trials/selftest/sighting.hpp"

namespace ferrule::selftest {

/// Plays a row with its peers and a Ferrule of its own, on loopback, with this TLS version. Blocks
/// for the row's bound and a little more; a row that hangs is given up. Throws std::exception if
/// it cannot be set up.
observation play(trial row, const config::settings& settings,
                 const config::listener_settings& listener, int tls_version);

} // namespace ferrule::selftest
