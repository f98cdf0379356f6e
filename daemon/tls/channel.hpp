// One TLS peer, seen from the server: bytes in, bytes out, and how the peer ended.
//
// A channel does no I/O. It takes ciphertext from the worker's wire and leaves ciphertext there;
// the session moves it to and from the socket. It never sees the end of the TCP stream either:
// OpenSSL would answer that with an alert. FIN and RST are the session's to judge; the channel only
// says whether a close_notify came before (RFC 8446 6.1).
#pragma once

#include "tls/wire.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

using SSL = struct ssl_st;
using SSL_CTX = struct ssl_ctx_st;

namespace ferrule::tls {

enum class handshake_progress : std::uint8_t {
    done,
    blocked, ///< more ciphertext is needed
    failed,  ///< a fatal alert was made (then it is on the wire) or received; see `detail`
};

enum class read_progress : std::uint8_t {
    blocked,      ///< everything on the wire was taken
    more,         ///< the room was used up; ciphertext is left
    close_notify, ///< the peer said goodbye; what follows it is ignored
    failed,       ///< fatal alert, bad record, protocol violation; see `detail`
};

struct read_result {
    std::size_t bytes = 0; ///< plaintext, valid whatever the progress is
    read_progress progress = read_progress::blocked;
};

/// What the log says of a TLS session. Views are valid as long as the channel.
struct session_facts {
    std::string_view version;
    std::string_view cipher;
    std::string_view sni; ///< not trusted
    std::string_view alpn;
    bool resumed = false;
    bool is_tls13 = false;
};

/// The name of an alert's number as RFC 8446 6 spells it ("bad_certificate"), or the number.
std::string alert_text(std::uint8_t number);

class channel {
public:
    /// A server-side channel from `context`, which it keeps alive by itself. `shared` must outlive
    /// it. If there is no memory, `is_usable` is false and nothing else may be called.
    channel(SSL_CTX* context, wire& shared) noexcept;
    ~channel();
    channel(const channel&) = delete;
    channel& operator=(const channel&) = delete;

    bool is_usable() const noexcept { return ssl_ != nullptr; }

    /// Goes on with the handshake with what is on the wire.
    handshake_progress handshake() noexcept;

    /// Decrypts from the wire into `room`, as much as fits. After `close_notify` and `failed` it
    /// is not called again.
    read_result read(std::span<std::byte> room) noexcept;

    /// TLS 1.3, and no session ticket has been written yet.
    bool owes_ticket() const noexcept { return owes_ticket_; }

    /// Puts one on the wire, for the first data to follow: sent right behind the handshake it would
    /// be a packet of its own, and one that a client that has closed by then answers with a reset
    /// (RFC 8446 4.6.1 lets a server send it whenever it likes). False as `write`.
    [[nodiscard]] bool write_ticket() noexcept;

    /// Encrypts all of `bytes` onto the wire. False if OpenSSL refuses (see `detail`): there is no
    /// memory, or the peer has sent only a part of a handshake message (half a KeyUpdate).
    [[nodiscard]] bool write(std::span<const std::byte> bytes) noexcept;

    /// Puts a close_notify on the wire. Our direction ends with it; reading goes on (RFC 8446 6.1),
    /// and puts nothing on the wire any more. It is said at most once, and not after a fatal error.
    /// False if OpenSSL makes none (see `detail`), as it does in the middle of a handshake message
    /// of the peer; reading goes on all the same.
    bool finish() noexcept;

    session_facts facts() const noexcept;

    /// Alerts seen since the last call, close_notify (0) included; nullopt is none. Of several, the
    /// last one.
    struct seen_alerts {
        std::optional<std::uint8_t> received;
        std::optional<std::uint8_t> sent;
    };
    seen_alerts take_alerts() noexcept { return std::exchange(alerts_, {}); }

    /// OpenSSL's reason of the last failure, such as "sslv3 alert certificate expired".
    const std::string& detail() const noexcept { return detail_; }

private:
    static void watch_message(int is_write, int version, int content_type, const void* bytes,
                              std::size_t count, SSL* ssl, void* self);
    void fail(std::string_view fallback) noexcept;
    void note_reason(std::string_view fallback) noexcept;

    SSL* ssl_;
    std::string detail_;
    seen_alerts alerts_;
    std::uint32_t key_updates_ = 0; ///< since the last application data
    bool established_ = false;
    bool owes_ticket_ = false;
    bool failed_ = false;
    bool finished_ = false;
};

} // namespace ferrule::tls
