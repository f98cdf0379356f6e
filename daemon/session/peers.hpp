// The two peers of a session, with the same verbs: read, write, flush, finish, abort, release.
//
// A peer owns its socket and what could not be sent yet. It knows how its own bytes and ends are
// spelled (TLS records and close_notify, or plain TCP), and nothing of the other peer.
#pragma once

#include "base/byte_queue.hpp"
#include "ending/vocabulary.hpp"
#include "net/socket.hpp"
#include "session/surroundings.hpp"
#include "tls/channel.hpp"

#include <cstddef>
#include <optional>
#include <span>

namespace ferrule::session {

/// What a read gave: bytes first, then perhaps the end of the source.
struct taken {
    std::span<const std::byte> bytes; ///< valid until the worker's buffers are used again
    std::optional<ending::source> end;
};

/// What became of bytes given to a peer.
enum class handed : std::uint8_t {
    over,    ///< the kernel has all of them
    kept,    ///< some wait in the peer's queue
    broken,  ///< the peer takes nothing any more
    refused, ///< TLS takes nothing now: the client has sent half a handshake message
    no_memory,
};

/// Bytes that did not verifiably arrive, seen at the moment a socket is released.
struct shortfall {
    std::uint64_t unsent = 0;    ///< application bytes that the kernel never had
    std::uint64_t in_kernel = 0; ///< application bytes that the peer has not acknowledged
    bool goodbye = false;        ///< our goodbye itself was not acknowledged
};

class backend_peer {
public:
    explicit backend_peer(surroundings& around) noexcept : around_{around} {}

    net::socket& socket() noexcept { return socket_; }
    const net::socket& socket() const noexcept { return socket_; }

    taken read(std::size_t budget) noexcept;
    handed write(std::span<const std::byte> bytes) noexcept;
    handed flush() noexcept;
    handed finish() noexcept;
    std::size_t unsent() const noexcept { return unsent_.size(); }
    /// True once everything, the FIN included, is in the kernel.
    bool is_handed_over() const noexcept { return unsent_.empty() && fin_due_ == fin_sent_; }
    shortfall missing() const noexcept;
    void abort() noexcept;
    void release() noexcept;

private:
    surroundings& around_;
    net::socket socket_;
    base::byte_queue unsent_;
    bool fin_due_ = false;
    bool fin_sent_ = false;
};

class client_peer {
public:
    client_peer(SSL_CTX* context, surroundings& around) noexcept
        : around_{around}, channel_{context, around.wire}
    {
    }

    net::socket& socket() noexcept { return socket_; }
    const net::socket& socket() const noexcept { return socket_; }
    const tls::channel& channel() const noexcept { return channel_; }
    tls::channel::seen_alerts take_alerts() noexcept { return channel_.take_alerts(); }

    /// Goes on with the handshake. `end` is set if the client ended meanwhile.
    struct handshake_state {
        tls::handshake_progress progress = tls::handshake_progress::blocked;
        std::optional<ending::source> end;
        bool alert_sent = false;
    };
    handshake_state handshake() noexcept;
    bool has_sent_anything() const noexcept { return has_sent_anything_; }
    /// Ciphertext came behind the handshake and waits: no event announces it again.
    bool has_early_bytes() const noexcept { return !early_.empty(); }

    taken read(std::size_t budget) noexcept;
    handed write(std::span<const std::byte> bytes) noexcept;
    handed flush() noexcept;
    /// close_notify and, right behind it, FIN.
    handed finish() noexcept;
    bool has_said_close_notify() const noexcept { return said_close_notify_; }
    /// FIN alone.
    handed truncate() noexcept;
    std::size_t unsent() const noexcept { return unsent_.size(); }
    bool is_handed_over() const noexcept { return unsent_.empty() && fin_due_ == fin_sent_; }
    /// Plaintext is counted from ciphertext by the average overhead of this session's records.
    shortfall missing() const noexcept;
    void abort() noexcept;
    void release() noexcept;

    /// What OpenSSL wrote while reading could not be handed over (asked after `read`).
    std::optional<handed> trouble() noexcept { return std::exchange(trouble_, std::nullopt); }

private:
    handed send_wire() noexcept;
    handed send_fin_if_due() noexcept;
    void send_what_reading_made() noexcept;

    surroundings& around_;
    net::socket socket_;
    tls::channel channel_;
    base::byte_queue unsent_; ///< ciphertext
    base::byte_queue early_;  ///< ciphertext that came behind the handshake
    std::uint64_t plaintext_bytes_ = 0;
    std::uint64_t data_ciphertext_bytes_ = 0;
    std::uint64_t tail_bytes_ = 0; ///< ciphertext behind the last application data
    std::optional<handed> trouble_;
    bool has_sent_anything_ = false;
    bool has_failed_ = false;
    bool said_close_notify_ = false;
    bool fin_due_ = false;
    bool fin_sent_ = false;
};

} // namespace ferrule::session
