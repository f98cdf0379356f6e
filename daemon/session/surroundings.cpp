#include "session/surroundings.hpp"

#include <algorithm>

namespace ferrule::session {

net::keepalive client_keepalive(const config::timeout_settings& timeouts) noexcept
{
    return net::keepalive_below(timeouts.idle); // F3, F14: found before `idle` has passed
}

net::keepalive backend_keepalive(const config::timeout_settings& timeouts,
                                 const config::shutdown_settings& shutdown) noexcept
{
    // F34: also where `idle` is off. F52: its client may have ended, and then the other bound is in
    // force.
    const base::milliseconds half_closed = shutdown.half_close_timeout;
    return net::keepalive_below(timeouts.idle == base::off ? half_closed
                                                           : std::min(timeouts.idle, half_closed));
}

} // namespace ferrule::session
