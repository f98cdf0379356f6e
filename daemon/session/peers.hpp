// The two peers of a session, with the same verbs: read, write, flush, finish, abort, release.
//
// A peer owns its socket and what could not be sent yet. It knows how its own bytes and ends are
// spelled (TLS records and close_notify, or plain TCP), and nothing of the other peer.
#pragma once

#include "base/byte_queue.hpp"
#include "ending/vocabulary.hpp"
#include "net/socket.hpp"
#include "session/first_bytes.hpp"
#include "session/surroundings.hpp"
#include "tls/channel.hpp"

#include <array>
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

/// What became of bytes given to a peer.
enum class handed : std::uint8_t {
    over,    ///< the kernel has all of them
    kept,    ///< some wait in the peer's queue
    broken,  ///< the peer takes nothing any more
    refused, ///< TLS has failed, and says nothing more; see `client_peer::was_alerted`
    no_memory,
};

/// Bytes that did not verifiably arrive, seen at the moment a socket is released.
struct shortfall {
    std::uint64_t unsent = 0;    ///< application bytes that the kernel never had
    std::uint64_t in_kernel = 0; ///< application bytes that the peer has not acknowledged
    bool goodbye = false;        ///< our goodbye itself was not acknowledged
};

/// What may break a promise of ours (CHECK) is not noexcept: the session contains it.
class backend_peer {
public:
    explicit backend_peer(surroundings& around) noexcept : around_{around} {}

    net::socket& socket() noexcept { return socket_; }
    const net::socket& socket() const noexcept { return socket_; }

    taken read(std::size_t budget) noexcept;
    handed write(std::span<const std::byte> bytes) noexcept;
    handed flush();
    handed finish();
    std::size_t unsent() const noexcept { return unsent_.size(); }
    /// True once everything, the FIN included, is in the kernel.
    bool is_handed_over() const noexcept { return unsent_.empty() && fin_due_ == fin_sent_; }
    shortfall missing() const noexcept;
    void abort();
    /// `acknowledged`: the peer's kernel has all of it, the goodbye included.
    void release(bool acknowledged);

private:
    surroundings& around_;
    net::socket socket_;
    base::byte_queue unsent_;
    bool fin_due_ = false;
    bool fin_sent_ = false;
};

/// As above.
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
    handshake_state handshake();
    bool has_sent_anything() const noexcept { return has_sent_anything_; }
    /// What came first, as far as it tells who is there (session/first_bytes.hpp).
    std::span<const std::byte> first_bytes() const noexcept
    {
        return std::span{first_bytes_}.first(first_count_);
    }
    /// Ciphertext waits that the socket has given already: no event announces it again. It came
    /// behind the handshake, or holds more records without data than one turn takes.
    bool has_early_bytes() const noexcept { return !early_.empty(); }

    /// What waits is read first, and then nothing is received. Once TLS has failed, what still
    /// comes is only counted.
    taken read(std::size_t budget);
    handed write(std::span<const std::byte> bytes) noexcept;
    handed flush();
    /// close_notify and, right behind it, FIN. `refused`: neither was said, but an alert if
    /// `was_alerted`; the session is to end this side by that and FIN, or by RST.
    handed finish();
    bool has_said_close_notify() const noexcept { return said_close_notify_; }
    /// FIN alone.
    handed truncate();
    std::size_t unsent() const noexcept { return unsent_.size(); }
    /// How much of that OpenSSL made of itself since the last data: answers to KeyUpdates, alerts.
    std::size_t unsent_answers() const noexcept;

    /// A fatal alert of ours is on its way, or one of the client's came. Without one, a FIN that is
    /// no end would be taken for one: then only an RST says the truth.
    bool was_alerted() const noexcept { return channel_.was_alerted() && !is_cut_off_; }

    /// The client is in the middle of a record or of a handshake message.
    bool is_amid_record() const noexcept
    {
        return channel_.unfinished() > 0 || channel_.has_begun_message() || has_early_bytes();
    }

    /// Ciphertext that was received and never became plaintext: part of a record, a record that
    /// does not decrypt, what stands behind a close_notify or a failure, and what waits to be read.
    std::uint64_t undecrypted() const noexcept
    {
        return skipped_ + channel_.unfinished() + early_.size();
    }

    bool is_handed_over() const noexcept { return unsent_.empty() && fin_due_ == fin_sent_; }
    /// Plaintext is counted from ciphertext by the average overhead of this session's records.
    shortfall missing() const noexcept;
    void abort();
    /// `acknowledged`: the peer's kernel has all of it, the goodbye included.
    void release(bool acknowledged);

    /// What OpenSSL wrote while reading could not be handed over (asked after `read`).
    std::optional<handed> trouble() noexcept { return std::exchange(trouble_, std::nullopt); }

private:
    void remember_first(std::span<const std::byte> bytes) noexcept;
    bool keep_what_is_left(tls::read_progress progress);
    handed send_wire() noexcept;
    handed send_fin_if_due() noexcept;
    handed refuse() noexcept;
    void forget_queues() noexcept;
    void send_what_reading_made() noexcept;

    surroundings& around_;
    net::socket socket_;
    tls::channel channel_;
    base::byte_queue unsent_; ///< ciphertext
    base::byte_queue early_;  ///< ciphertext that was received and not taken yet
    std::uint64_t plaintext_bytes_ = 0;
    std::uint64_t data_ciphertext_bytes_ = 0;
    std::uint64_t tail_bytes_ = 0; ///< ciphertext behind the last application data
    std::uint64_t skipped_ = 0;    ///< ciphertext that nobody will decrypt
    std::optional<handed> trouble_;
    std::array<std::byte, first_bytes_looked_at> first_bytes_{};
    std::uint8_t first_count_ = 0;
    bool has_sent_anything_ = false;
    bool has_failed_ = false;
    bool is_cut_off_ = false; ///< something that OpenSSL wrote could not be sent, nor kept
    bool said_close_notify_ = false;
    bool fin_due_ = false;
    bool fin_sent_ = false;
};

} // namespace ferrule::session
