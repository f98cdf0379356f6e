// Whether anybody can shake hands with a context, tried before it is used. Only for files of this
// folder.
#pragma once

#include "tls/context.hpp"
#include "tls/openssl.hpp"

#include <vector>

namespace ferrule::tls {

/// Shakes hands in memory with clients that verify nothing, once for each version from
/// `options.min_version` to `options.max_version`. `native` is what `assemble` has made of the
/// options without a problem. Each version in which nobody can be served is a problem (an error).
/// No I/O; a few milliseconds. Throws std::runtime_error only if OpenSSL itself does not work.
std::vector<problem> failed_handshakes(SSL_CTX* native, const context_options& options);

} // namespace ferrule::tls
