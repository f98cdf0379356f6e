// One TLS server, seen from a client that verifies no certificate: for `ferrule probe`, and below
// what `ferrule selftest` has for a client (tls/trial_client.hpp).
//
// Like a channel it does no I/O and never sees the end of the TCP stream: ciphertext is put in and
// taken out by the caller, to whom FIN and RST belong. So a close_notify, a fatal alert and each
// end of TCP stay four different facts.
#pragma once

#include "tls/channel.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ferrule::tls {

struct client_options {
    int version = 0x0304;    ///< this one and no other
    std::string server_name; ///< SNI; empty: none is sent
    std::vector<std::string> alpn;
    std::string ciphers;       ///< for TLS 1.2; empty: OpenSSL's default
    std::string groups;        ///< empty: OpenSSL's default
    bool keeps_secret = false; ///< for records that OpenSSL would not write (tls/odd_record.hpp)
};

/// Verifies no certificate, and takes keys and signatures that nobody should use any more: it asks
/// how a server behaves, and hands it no secret.
class unverified_client {
public:
    /// Throws std::runtime_error: OpenSSL refuses (the version is switched off, the server name or
    /// an ALPN name has not 1 to 255 bytes).
    explicit unverified_client(const client_options& options);
    ~unverified_client();
    unverified_client(const unverified_client&) = delete;
    unverified_client& operator=(const unverified_client&) = delete;

    /// Goes on with the handshake with what was put in.
    handshake_progress handshake();

    /// Decrypts what was put in. After `close_notify` and `failed` it is not called again.
    read_result read(std::span<std::byte> room);

    /// Encrypts all of `bytes`. False if OpenSSL refuses.
    [[nodiscard]] bool write(std::span<const std::byte> bytes);

    /// Makes a close_notify, at most once; reading goes on (RFC 8446 6.1). False if there is none.
    bool finish();

    /// Ciphertext that came.
    void put_in(std::span<const std::byte> ciphertext);

    /// Takes all ciphertext that is to be sent.
    std::vector<std::byte> take_out();

    /// "TLS_AES_256_GCM_SHA384"; empty before the handshake is done.
    std::string_view cipher() const;
    std::string alpn() const;

    /// What its records are protected with, in TLS 1.3, if it was asked to keep that.
    std::span<const std::byte> traffic_secret() const noexcept { return secret_; }
    const SSL* native() const noexcept { return ssl_; }

    /// Name of the alert that came and is not a close_notify, such as "handshake failure".
    const std::string& alert() const noexcept { return alert_; }

    /// OpenSSL's reason of the failure, such as "wrong version number".
    const std::string& detail() const noexcept { return detail_; }

private:
    static void watch_alerts(const SSL* ssl, int where, int value);
    static void keep_secret(const SSL* ssl, const char* line);
    void fail();

    SSL* ssl_ = nullptr;
    std::vector<std::byte> secret_;
    std::string alert_;
    std::string detail_;
};

} // namespace ferrule::tls
