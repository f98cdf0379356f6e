// `ferrule probe`: asks a TLS endpoint how it ends connections.
#pragma once

#include "trials/probe/report.hpp"
#include "trials/probe/request.hpp"

namespace ferrule::probe {

/// Looks the host up, and asks everything that is planned, one connection at a time. A version that
/// the server refuses is asked for once; a server that cannot be reached at all is, too (then
/// `error` says why). Blocks the thread for as long as it takes: about four timeouts for each
/// connection at most, and the lookup. Throws std::runtime_error if OpenSSL refuses to work.
findings run(const request& asked);

} // namespace ferrule::probe
