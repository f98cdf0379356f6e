// How bytes and ends are spelled on a socket: plain TCP, or TLS.
//
// A closed set of kinds with the same verbs: what a peer does with its socket (session/peer.hpp) is
// written once. A transport reads from the socket itself, since only it knows what an end of TCP
// means; what is to be written it only spells, and the peer sends it.
#pragma once

#include "session/plain_transport.hpp"
#include "session/tls_transport.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <variant>

namespace ferrule::session {

class transport {
public:
    /// Plain.
    explicit transport(surroundings& around) noexcept;
    /// TLS, as the server. It is on the heap: a plain side does not pay for what it does not use.
    transport(SSL_CTX* context, surroundings& around) noexcept;

    /// False if there was no memory for it; nothing else may be asked of it then.
    bool is_usable() const noexcept;

    /// Null: plain.
    tls_transport* tls() noexcept
    {
        const auto* const found = std::get_if<secured>(&kind_);
        return found == nullptr ? nullptr : found->get();
    }
    const tls_transport* tls() const noexcept
    {
        const auto* const found = std::get_if<secured>(&kind_);
        return found == nullptr ? nullptr : found->get();
    }

    // The verbs, as each kind has them.
    taken read(net::socket& from, std::size_t budget);
    spelled write(std::span<const std::byte> bytes) noexcept;
    spelled goodbye() noexcept;
    std::span<const std::byte> answers() noexcept;
    std::span<const std::byte> last_words() noexcept;
    bool was_alerted() const noexcept;
    bool is_amid_record() const noexcept;
    bool has_early_bytes() const noexcept { return tls() != nullptr && tls()->has_early_bytes(); }
    std::uint64_t undecrypted() const noexcept;
    std::uint64_t control_bytes() const noexcept;
    shortfall missing(const waiting_bytes& waiting) const noexcept;
    void forget_what_waits() noexcept;

private:
    using secured = std::unique_ptr<tls_transport>;

    std::variant<plain_transport, secured> kind_;
};

} // namespace ferrule::session
