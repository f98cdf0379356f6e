#include "session/surroundings.hpp"

#include <algorithm>

namespace ferrule::session {

net::keepalive client_keepalive(const config::timeout_settings& timeouts) noexcept
{
    return net::keepalive_below(timeouts.idle);
}

net::keepalive backend_keepalive(const config::timeout_settings& timeouts,
                                 const config::shutdown_settings& shutdown) noexcept
{
    const base::milliseconds half_closed = shutdown.half_close_timeout;
    return net::keepalive_below(timeouts.idle == base::off ? half_closed
                                                           : std::min(timeouts.idle, half_closed));
}

} // namespace ferrule::session
