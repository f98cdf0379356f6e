// Session tickets with keys of ours. Only for files of this folder.
#pragma once

#include "tls/openssl.hpp"
#include "tls/ticket_keys.hpp"

namespace ferrule::tls {

/// Makes `native` encrypt tickets with the first of `keys` and take those of any of them. A copy of
/// the keys lives as long as `native`: a handshake may still be under way when a reload replaces
/// the context that it began with. `keys` is not empty. Throws std::runtime_error.
void use_ticket_keys(SSL_CTX* native, const ticket_keys& keys);

} // namespace ferrule::tls
