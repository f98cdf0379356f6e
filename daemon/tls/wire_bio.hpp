// OpenSSL's side of the wire.
#pragma once

#include "tls/record_meter.hpp"
#include "tls/wire.hpp"

#include <cstdint>

using BIO = struct bio_st;

namespace ferrule::tls {

/// One channel's end of the worker's wire.
struct wire_end {
    /// What OpenSSL gets when it reads.
    enum class source : std::uint8_t {
        wire,
        nothing,  ///< as if the wire were empty: the turn is over
        nonsense, ///< a record that is refused, whatever of a record has come before
    };

    wire& shared;
    record_meter taken{};
    source from = source::wire;
    bool is_silent = false; ///< what OpenSSL writes goes nowhere
};

/// A BIO over `end`, which must outlive it. Null without memory.
BIO* make_wire_bio(wire_end& end) noexcept;

} // namespace ferrule::tls
