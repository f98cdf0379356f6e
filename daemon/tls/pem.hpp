// Certificates and keys out of PEM text (RFC 7468), and what certificates say of themselves.
// Only for files of this folder.
#pragma once

#include "tls/openssl.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace ferrule::tls {

/// Certificates in the order of the text. `error` is empty exactly if there is at least one and all
/// could be read; otherwise it says why not, and `certificates` is empty.
struct chain_reading {
    std::vector<certificate_ptr> certificates;
    std::string error;
};

/// Reads every certificate of `pem`; other blocks (a key in the same file) are passed over.
chain_reading read_chain(const std::string& pem);

/// `error` is empty exactly if there is a key.
struct key_reading {
    key_ptr key;
    std::string error;
};

/// Reads the first private key of `pem`. An encrypted key is an error: nobody is ever asked for a
/// passphrase.
key_reading read_key(const std::string& pem);

/// "CN=localhost,O=Example" (RFC 2253, UTF-8, control characters escaped).
std::string subject_of(const X509& certificate);

/// Upper-case hex.
std::string serial_of(const X509& certificate);

/// Unix time. A time that cannot be read is as good as the beginning of 1970: expired.
std::int64_t seconds_of(const ASN1_TIME* moment);

/// "2026-01-02 03:04:05 UTC".
std::string text_of(std::int64_t unix_seconds);

} // namespace ferrule::tls
