// Records that no TLS library would write, as real clients send them: for `ferrule selftest`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

using SSL = struct ssl_st;

namespace ferrule::tls {

/// The client_application_traffic_secret_0 in a line of SSL_CTX_set_keylog_callback(3),
/// "CLIENT_TRAFFIC_SECRET_0 RANDOM SECRET"; empty in any other line.
std::vector<std::byte> client_secret_in(std::string_view line);

/// What a client of TLS 1.3 says with its own keys behind OpenSSL's back.
class odd_writer {
public:
    /// `secret` is that of `of`, whose handshake is done (RFC 8446 7.1). Throws std::runtime_error
    /// if OpenSSL has no such cipher.
    odd_writer(const SSL* of, std::span<const std::byte> secret);

    /// One record of this content type, the `number`th of this client from 0 on (RFC 8446 5.2).
    /// Throws std::runtime_error.
    std::vector<std::byte> record(std::uint64_t number, std::uint8_t type,
                                  std::span<const std::byte> content) const;

private:
    const SSL* of_;
    std::vector<std::byte> key_;
    std::vector<std::byte> iv_;
};

} // namespace ferrule::tls
