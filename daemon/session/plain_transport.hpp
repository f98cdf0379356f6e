// Plain TCP, or a Unix socket.
#pragma once

#include "net/socket.hpp"
#include "session/spelling.hpp"
#include "session/surroundings.hpp"

namespace ferrule::session {

/// Bytes are bytes, and FIN is a clean end.
class plain_transport {
public:
    explicit plain_transport(surroundings& around) noexcept : around_{around} {}

    taken read(net::socket& from, std::size_t budget) noexcept;
    spelled write(std::span<const std::byte> bytes) noexcept { return bytes; }
    spelled goodbye() noexcept { return spelled{std::in_place}; }
    /// What reading has made.
    std::span<const std::byte> answers() noexcept { return {}; }
    /// What still says that it has failed, once it has.
    std::span<const std::byte> last_words() noexcept { return {}; }
    bool was_alerted() const noexcept { return false; }
    bool is_amid_record() const noexcept { return false; }
    std::uint64_t undecrypted() const noexcept { return 0; }
    std::uint64_t control_bytes() const noexcept { return 0; }
    shortfall missing(const waiting_bytes& waiting) const noexcept;
    void forget_what_waits() noexcept {}

private:
    surroundings& around_;
};

} // namespace ferrule::session
