// A TLS client for `ferrule selftest`: what its connection has come to, kept for the one who judges
// in the end. What is on trial is how connections end.
#pragma once

#include "tls/unverified_client.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ferrule::tls {

/// One connection, from the client's side, and what was read so far. Does no I/O. One thread.
class trial_client {
public:
    /// `version` is a wire version (0x0303 or 0x0304), the only one offered; `groups` an OpenSSL
    /// list. Throws std::runtime_error.
    trial_client(int version, const std::string& groups);

    /// Takes ciphertext, and goes on with the handshake and with reading.
    void take(std::span<const std::byte> ciphertext);

    /// The ciphertext to send, which it forgets.
    std::vector<std::byte> to_send();

    /// Starts the handshake, or goes on with it.
    void handshake();

    /// Encrypts `count` bytes. Throws std::runtime_error if OpenSSL refuses.
    void write(std::size_t count);

    /// Says close_notify. Not after a failure.
    void finish();

    bool is_established() const noexcept { return established_; }
    bool has_close_notify() const noexcept { return close_notify_; }

    /// A goodbye as Java says it in TLS 1.3: user_canceled, then close_notify (RFC 8446 6.1).
    /// Nothing else is said behind it. Throws std::runtime_error, also in TLS 1.2.
    void finish_as_canceled();

    /// The head of a KeyUpdate, then close_notify: half a message, which nothing may follow (RFC
    /// 8446 5.1). As above.
    void finish_amid_message();

    /// A fatal alert came, or what came was no TLS; `detail` has OpenSSL's reason.
    bool has_failed() const noexcept { return failed_; }
    bool has_alert() const noexcept { return failed_ && !tls_.alert().empty(); }
    const std::string& detail() const noexcept { return tls_.detail(); }

    /// Bytes of plaintext that were read.
    std::size_t bytes() const noexcept { return bytes_; }

private:
    void read();
    void write_oddly(std::uint8_t type, std::span<const std::byte> content);

    unverified_client tls_;
    std::vector<std::byte> odd_; ///< to be sent behind what OpenSSL has written
    std::uint64_t records_ = 0;  ///< protected by the keys of the handshake's end
    std::size_t bytes_ = 0;
    bool established_ = false;
    bool close_notify_ = false;
    bool failed_ = false;
};

} // namespace ferrule::tls
