// What stands between OpenSSL and a socket: two buffers that belong to the worker.
//
// All sessions of a worker share one wire, since only one of them runs at a time: ciphertext of a
// whole wake-up is received into one buffer, all records that OpenSSL makes of it are collected in
// another, and each needs one system call. A session must therefore leave the wire empty: what it
// did not take of `in` it keeps itself, and `out` is sent or kept before the next session runs.
// Note that reading may write too (an answer to a KeyUpdate, a refused renegotiation, an alert).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace ferrule::tls {

struct wire {
    std::span<const std::byte> in; ///< ciphertext that OpenSSL may take; shrinks from the front
    std::vector<std::byte> out;    ///< ciphertext that OpenSSL made
};

} // namespace ferrule::tls
