#include "session/plain_transport.hpp"

#include <algorithm>

namespace ferrule::session {

taken plain_transport::read(net::socket& from, std::size_t budget) noexcept
{
    const std::span<std::byte> room{around_.plaintext.data(), budget};
    const net::read_result got = from.read(room);
    taken result{room.first(got.bytes), std::nullopt};
    if (got.state == net::read_state::fin) // R1, R8: TCP has no better word for a clean end
        result.end = ending::source::clean;
    else if (got.state == net::read_state::reset) // R20, R22: no end at all
        result.end = ending::source::reset;
    return result;
}

shortfall plain_transport::missing(const waiting_bytes& waiting) const noexcept
{
    return {.unsent = waiting.with_us,
            .in_kernel = waiting.in_kernel - std::min(waiting.in_kernel, waiting.fin)};
}

} // namespace ferrule::session
