// What a client that does not speak TLS speaks instead, by its first bytes.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace ferrule::session {

/// How many first bytes tell all that there is to tell.
inline constexpr std::size_t first_bytes_looked_at = 16;

/// A sentence for the log, such as "no TLS: the client speaks plain HTTP". Empty: it is TLS, or too
/// little has come. Pure.
std::string_view no_tls_but(std::span<const std::byte> first) noexcept;

} // namespace ferrule::session
