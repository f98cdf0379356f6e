// TLS, of which we are the server.
#pragma once

#include "base/byte_queue.hpp"
#include "net/socket.hpp"
#include "session/first_bytes.hpp"
#include "session/spelling.hpp"
#include "session/surroundings.hpp"
#include "tls/channel.hpp"

#include <array>
#include <utility>

namespace ferrule::session {

/// Bytes are records, and only a close_notify is a clean end (RFC 8446 6.1).
class tls_transport {
public:
    /// As the server.
    tls_transport(SSL_CTX* context, surroundings& around) noexcept
        : around_{around}, channel_{context, around.wire}
    {
    }

    const tls::channel& channel() const noexcept { return channel_; }
    tls::channel::seen_alerts take_alerts() noexcept { return channel_.take_alerts(); }

    /// Goes on with the handshake. `end` is set if the peer ended meanwhile.
    struct handshake_state {
        tls::handshake_progress progress = tls::handshake_progress::blocked;
        std::optional<ending::source> end;
        bool alert_sent = false;
    };
    handshake_state handshake(net::socket& from);
    bool has_received_anything() const noexcept { return has_received_anything_; }
    /// What came first, as far as it tells who is there (session/first_bytes.hpp).
    std::span<const std::byte> first_bytes() const noexcept
    {
        return std::span{first_bytes_}.first(first_count_);
    }

    /// What waits is read first, and then nothing is received. Once TLS has failed, what still
    /// comes is only counted.
    taken read(net::socket& from, std::size_t budget);
    /// There was no memory for what the last read or handshake has left over.
    bool has_lost_some() noexcept { return std::exchange(has_lost_some_, false); }

    // What these give stands on the worker's wire: it is sent or kept at once.
    spelled write(std::span<const std::byte> bytes) noexcept;
    spelled goodbye() noexcept; ///< close_notify
    std::span<const std::byte> answers() noexcept;
    /// TLS has failed where it should have said something. Its alert; without one, nothing: then
    /// the records that stand on the wire would be a part of what nobody ends.
    std::span<const std::byte> last_words() noexcept;

    /// A fatal alert of ours was made, or one of the peer's came.
    bool was_alerted() const noexcept { return channel_.was_alerted(); }

    /// The peer is in the middle of a record or of a handshake message.
    bool is_amid_record() const noexcept
    {
        return channel_.unfinished() > 0 || channel_.has_begun_message() || has_early_bytes();
    }

    /// Ciphertext waits that the socket has given already: no event announces it again. It came
    /// behind the handshake, or holds more records without data than one turn takes.
    bool has_early_bytes() const noexcept { return !early_.empty(); }

    /// Ciphertext that was received and never became plaintext: part of a record, a record that
    /// does not decrypt, what stands behind a close_notify or a failure, and what waits to be read.
    std::uint64_t undecrypted() const noexcept
    {
        return skipped_ + channel_.unfinished() + early_.size();
    }

    /// Ciphertext made since the last application data: answers to KeyUpdates, alerts.
    std::uint64_t control_bytes() const noexcept { return tail_bytes_; }

    /// Plaintext is counted from ciphertext by the average overhead of this session's records.
    shortfall missing(const waiting_bytes& waiting) const noexcept;

    void forget_what_waits() noexcept;

private:
    void remember_first(std::span<const std::byte> bytes) noexcept;
    bool keep_what_is_left(tls::read_progress progress);

    surroundings& around_;
    tls::channel channel_;
    base::byte_queue early_; ///< ciphertext that was received and not taken yet
    std::uint64_t plaintext_bytes_ = 0;
    std::uint64_t data_ciphertext_bytes_ = 0;
    std::uint64_t tail_bytes_ = 0; ///< ciphertext behind the last application data
    std::uint64_t skipped_ = 0;    ///< ciphertext that nobody will decrypt
    std::array<std::byte, first_bytes_looked_at> first_bytes_{};
    std::uint8_t first_count_ = 0;
    bool has_received_anything_ = false;
    bool has_failed_ = false;
    bool has_lost_some_ = false;
};

} // namespace ferrule::session
