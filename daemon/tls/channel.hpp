// One TLS peer, seen from the server: bytes in, bytes out, and how the peer ended.
//
// A channel does no I/O. It takes ciphertext from the worker's wire and leaves ciphertext there;
// the session moves it to and from the socket. It never sees the end of the TCP stream either:
// OpenSSL would answer that with an alert. FIN and RST are the session's to judge; the channel only
// says whether a close_notify came before (RFC 8446 6.1).
#pragma once

#include "tls/control_budget.hpp"
#include "tls/wire_bio.hpp"

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
    more,         ///< the room was used up, or the turn was long enough; ciphertext is left
    close_notify, ///< the peer said goodbye; what follows it is ignored
    failed,       ///< fatal alert, bad record, protocol violation; see `detail`
};

struct read_result {
    std::size_t bytes = 0; ///< plaintext, valid whatever the progress is
    read_progress progress = read_progress::blocked;
};

/// What our direction of TLS can say.
enum class saying : std::uint8_t {
    open, ///< asked: anything; told: said
    mute, ///< nothing: the handshake is not done, or the peer is in the middle of a message of one
    finished, ///< nothing more: our close_notify is on the wire
    failed,   ///< nothing more: a fatal error has ended TLS; see `detail` and `was_alerted`
};

/// For tests.
struct channel_limits {
    /// How many records are written with one key (TLS 1.3). RFC 8446 5.5 gives AES-GCM 2^24.5.
    std::uint64_t records_for_a_key = std::uint64_t{1} << 24;
};

/// What the log says of a TLS session. Views are valid as long as the channel.
struct agreement {
    std::string_view version;
    std::string_view cipher;
    std::string_view sni; ///< not trusted
    std::string_view alpn;
    bool resumed = false;
    bool is_tls13 = false;
};

/// The name of an alert's number as RFC 8446 6 spells it ("bad_certificate"), or the number.
std::string alert_text(std::uint8_t number);

/// Whatever the peer has sent, and whatever was called before: each verb answers, none aborts.
class channel {
public:
    /// A server-side channel from `context`, which it keeps alive by itself. `shared` must outlive
    /// it. If there is no memory, `is_usable` is false and every verb answers `failed`.
    channel(SSL_CTX* context, wire& shared, channel_limits limits = {}) noexcept;
    ~channel();
    channel(const channel&) = delete;
    channel& operator=(const channel&) = delete;

    bool is_usable() const noexcept { return ssl_ != nullptr; }

    /// Goes on with the handshake with what is on the wire.
    handshake_progress handshake() noexcept;

    /// Decrypts from the wire into `room`, as much as fits. Of records that carry no data only so
    /// many are taken at once; the rest of them stays on the wire (`more`). After `close_notify`
    /// and `failed` nothing is taken, and the answer stays the same.
    ///
    /// A close_notify in the middle of a handshake message is none (RFC 8446 5.1): that is
    /// `failed`, and so are more records without data than anybody needs (control_budget.hpp).
    read_result read(std::span<std::byte> room) noexcept;

    /// What could be said now.
    saying state() const noexcept;

    /// TLS 1.3, and no session ticket has been written yet.
    bool owes_ticket() const noexcept { return owes_ticket_; }

    // What follows says something. In the middle of a handshake message of the peer OpenSSL says
    // nothing but a fatal alert, and no honest peer begins one without finishing it at once: then
    // TLS fails. Before the end of the handshake the answer is `mute`, and nothing happens.

    /// Puts a ticket on the wire, for the first data to follow: sent right behind the handshake it
    /// would be a packet of its own, and one that a client that has closed by then answers with a
    /// reset (RFC 8446 4.6.1 lets a server send it whenever it likes).
    [[nodiscard]] saying write_ticket() noexcept;

    /// Encrypts all of `bytes` onto the wire. After `failed`, some of them may be there.
    [[nodiscard]] saying write(std::span<const std::byte> bytes) noexcept;

    /// Puts a close_notify on the wire: `finished`, also if there is one already. Our direction
    /// ends with it; reading goes on (RFC 8446 6.1), and puts nothing on the wire any more.
    [[nodiscard]] saying finish() noexcept;

    /// A fatal alert of ours went onto the wire, or one of the peer's came.
    bool was_alerted() const noexcept { return was_alerted_; }

    /// The peer has sent a part of a handshake message, and not yet the rest.
    bool has_begun_message() const noexcept;

    /// Bytes taken from the wire that never became plaintext: a record that is not whole yet, or
    /// one that does not decrypt.
    std::size_t unfinished() const noexcept { return end_.taken.unfinished() + broken_; }

    agreement agreed() const noexcept;

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
    void watch_alert(bool is_write, std::uint8_t level, std::uint8_t number) noexcept;
    void watch_record(int type) noexcept;
    saying ready_to_say() noexcept;
    void renew_key_if_used_up() noexcept;
    void fail(std::string_view fallback) noexcept;
    void fail_with_alert(std::string_view fallback) noexcept;
    void note_reason(std::string_view fallback) noexcept;

    wire_end end_;
    SSL* ssl_;
    std::string detail_;
    seen_alerts alerts_;
    channel_limits limits_;
    control_budget budget_;
    std::uint64_t records_written_ = 0; ///< with the key in use
    std::size_t broken_ = 0;            ///< size of a record that did not decrypt
    std::uint32_t controls_ = 0;        ///< records without data, in this turn
    bool established_ = false;
    bool owes_ticket_ = false;
    bool message_begun_ = false;
    bool is_flooded_ = false; ///< more records without data than the budget has
    bool was_alerted_ = false;
    bool failed_ = false;
    bool finished_ = false;
};

} // namespace ferrule::tls
