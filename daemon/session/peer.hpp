// One of the two peers of a session: read, write, flush, finish, abort, release.
//
// A peer owns its socket, what could not be sent yet, and which goodbye is due. Its transport knows
// how bytes and ends are spelled. It knows nothing of the other peer, nor of what an end means.
#pragma once

#include "base/byte_queue.hpp"
#include "net/socket.hpp"
#include "session/transport.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

namespace ferrule::session {

/// What became of bytes given to a peer.
enum class handed : std::uint8_t {
    over,    ///< the kernel has all of them
    kept,    ///< some wait in the peer's queue
    broken,  ///< the peer takes nothing any more
    refused, ///< TLS has failed, and says nothing more; see `peer::was_alerted`
    no_memory,
};

/// What a peer's kernel has acknowledged.
struct acknowledgement {
    bool is_whole = false; ///< everything, a goodbye included
    bool is_more = false;  ///< than when it was asked before
};

/// What may break a promise of ours (CHECK) is not noexcept: the session contains it.
class peer {
public:
    /// Plain TCP.
    explicit peer(surroundings& around) noexcept;
    /// TLS, of which we are the server.
    peer(SSL_CTX* context, surroundings& around) noexcept;

    net::socket& socket() noexcept { return socket_; }
    const net::socket& socket() const noexcept { return socket_; }
    ferrule::session::transport& transport() noexcept { return transport_; }
    const ferrule::session::transport& transport() const noexcept { return transport_; }

    // --- reading ---

    /// Only with TLS.
    tls_transport::handshake_state handshake();
    taken read(std::size_t budget);
    /// What reading has made, such as answers of TLS, could not be handed over, or there was no
    /// memory.
    std::optional<handed> trouble() noexcept { return std::exchange(trouble_, std::nullopt); }

    // --- writing ---

    handed write(std::span<const std::byte> bytes) noexcept;
    handed flush();
    /// The honest goodbye: FIN, and right before it a close_notify with TLS. `refused`: neither was
    /// said, but an alert if `was_alerted`; this side is to end by that and FIN, or by RST.
    handed finish();
    /// FIN alone.
    handed truncate();
    std::size_t unsent() const noexcept { return unsent_.size(); }
    /// How much of that TLS made of itself since the last data.
    std::size_t unsent_answers() const noexcept
    {
        return unsent_.empty() ? 0
                               : std::min<std::size_t>(unsent_.size(), transport_.control_bytes());
    }
    /// True once everything, the FIN included, is in the kernel.
    bool is_handed_over() const noexcept { return unsent_.empty() && fin_due_ == fin_sent_; }
    /// A fatal alert of ours is on its way, or one of the peer's came. Without one, a FIN that is
    /// no end would be taken for one: then only an RST says the truth.
    bool was_alerted() const noexcept;

    // --- the end ---

    /// Asks the kernel. `is_awaited` false: there is nothing to ask, and what comes to wait later
    /// is no progress.
    acknowledgement look_for_acknowledgement(bool is_awaited) noexcept;
    shortfall missing() const noexcept;
    void abort();
    /// `acknowledged`: the peer's kernel has all of it, the goodbye included.
    void release(bool acknowledged);

private:
    void send_answers() noexcept;
    handed send(std::span<const std::byte> bytes) noexcept;
    handed refuse() noexcept;

    surroundings& around_;
    net::socket socket_;
    ferrule::session::transport transport_;
    base::byte_queue unsent_;   ///< as it goes onto the wire
    std::size_t in_kernel_ = 0; ///< unacknowledged when it was asked last
    std::optional<handed> trouble_;
    bool is_cut_off_ = false; ///< something that was spelled could not be sent, nor kept
    bool fin_due_ = false;
    bool fin_sent_ = false;
};

} // namespace ferrule::session
