// What the kinds of transport have in common: what their verbs take and give.
#pragma once

#include "ending/vocabulary.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace ferrule::session {

/// What a read gave: bytes first, then perhaps the end of the source.
struct taken {
    std::span<const std::byte> bytes; ///< valid until the worker's buffers are used again
    std::optional<ending::source> end;
};

/// Bytes that did not verifiably arrive, seen at the moment a socket is released.
struct shortfall {
    std::uint64_t unsent = 0;    ///< application bytes that the kernel never had
    std::uint64_t in_kernel = 0; ///< application bytes that the peer has not acknowledged
    bool goodbye = false;        ///< our goodbye itself was not acknowledged
};

/// What is to be sent; nullopt: the transport has failed, and says no such thing.
using spelled = std::optional<std::span<const std::byte>>;

/// What waits for a peer, in bytes on the wire: with us, in its kernel, and the FIN that counts as
/// one of the latter.
struct waiting_bytes {
    std::uint64_t with_us = 0;
    std::uint64_t in_kernel = 0;
    std::uint64_t fin = 0;
};

} // namespace ferrule::session
