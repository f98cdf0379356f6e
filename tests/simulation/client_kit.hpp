// What all clients of the simulation share: for each version a context, and a ticket.
#pragma once

#include "simulation/client.hpp"

namespace ferrule::simulation {

/// Called first with who keeps the secrets of all of them (SSL_CTX_set_keylog_callback(3)).
SSL_CTX* client_context(int version, SSL_CTX_keylog_cb_func keep_secret = nullptr);

/// A copy, for the caller to free: OpenSSL marks a session as spoiled if its connection ends badly.
SSL_SESSION* copied_ticket(int version);

} // namespace ferrule::simulation
