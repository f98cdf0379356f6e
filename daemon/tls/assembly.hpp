// Options → SSL_CTX, or every reason why not. Only for files of this folder.
#pragma once

#include "tls/context.hpp"
#include "tls/openssl.hpp"

#include <vector>

namespace ferrule::tls {

/// Makes a server's SSL_CTX and puts into it what may be wrong: certificate, key, ciphers, suites,
/// groups, versions. What is wrong is appended to `problems` (errors only, in the order of
/// `problem::about`). Throws std::runtime_error only if OpenSSL cannot make an SSL_CTX at all.
ssl_ctx_ptr assemble(const context_options& options, std::vector<problem>& problems);

} // namespace ferrule::tls
