#include "session/peers.hpp"

namespace ferrule::session {

taken backend_peer::read(std::size_t budget) noexcept
{
    const std::span<std::byte> room{around_.plaintext.data(), budget};
    const net::read_result got = socket_.read(room);
    taken result{room.first(got.bytes), std::nullopt};
    if (got.state == net::read_state::fin)
        result.end = ending::source::clean;
    else if (got.state == net::read_state::reset)
        result.end = ending::source::reset;
    return result;
}

handed backend_peer::write(std::span<const std::byte> bytes) noexcept
{
    if (unsent_.empty()) {
        const net::write_result done = socket_.write(bytes);
        if (done.state == net::write_state::taken)
            return handed::over;
        bytes = bytes.subspan(done.bytes);
        if (!unsent_.append(bytes))
            return handed::no_memory;
        return done.state == net::write_state::broken ? handed::broken : handed::kept;
    }
    return unsent_.append(bytes) ? handed::kept : handed::no_memory;
}

handed backend_peer::flush()
{
    if (!unsent_.empty()) {
        const net::write_result done = socket_.write(unsent_.front());
        unsent_.consume(done.bytes);
        if (done.state == net::write_state::broken)
            return handed::broken;
        if (!unsent_.empty())
            return handed::kept;
    }
    if (fin_due_ && !fin_sent_) {
        fin_sent_ = true;
        socket_.finish();
    }
    return handed::over;
}

handed backend_peer::finish()
{
    fin_due_ = true;
    return flush();
}

shortfall backend_peer::missing() const noexcept
{
    const std::uint64_t in_kernel = socket_.unacknowledged();
    const std::uint64_t control = fin_sent_ && in_kernel > 0 ? 1 : 0;
    return {unsent_.size(), in_kernel - control, fin_due_ && (in_kernel > 0 || !fin_sent_)};
}

void backend_peer::abort()
{
    unsent_.clear();
    socket_.abort();
}

void backend_peer::release(bool acknowledged)
{
    unsent_.clear();
    socket_.release(acknowledged && fin_sent_);
}

} // namespace ferrule::session
