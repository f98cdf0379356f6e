#pragma once

#include "clients.hpp"

#include <string>

namespace load {

/// A client's context for one version ("1.3", "1.2"): X25519 first, AES-128-GCM, no verification of
/// the certificate's chain. New tickets go to `all.tickets`. Null for "off". Owned by the caller.
SSL_CTX* client_context(const std::string& version, crowd& all, bool is_memory_scarce);

/// A server's context with the same choices, for `load crypto`: a certificate and its key, PEM.
SSL_CTX* server_context(const std::string& version, const std::string& certificate,
                        const std::string& key);

} // namespace load
