#include "base/check.hpp"
#include "session/peers.hpp"

#include <algorithm>

namespace ferrule::session {

namespace {

std::optional<ending::source> end_of_stream(net::read_state state)
{
    switch (state) {
    // A FIN without a close_notify before it: nobody knows whether more was to come (RFC 8446 6.1).
    case net::read_state::fin: return ending::source::truncated;
    case net::read_state::reset: return ending::source::reset;
    case net::read_state::bytes:
    case net::read_state::blocked: break;
    }
    return std::nullopt;
}

} // namespace

client_peer::handshake_state client_peer::handshake() noexcept
{
    CHECK(around_.wire.in.empty() && around_.wire.out.empty(), "the wire is left empty");
    const std::span<std::byte> room{around_.ciphertext.data(), chunk_min};
    const net::read_result got = socket_.read(room);
    handshake_state result;
    result.end = end_of_stream(got.state);
    if (got.bytes == 0)
        return result;

    has_sent_anything_ = true;
    around_.wire.in = room.first(got.bytes);
    result.progress = channel_.handshake();
    result.alert_sent =
        result.progress == tls::handshake_progress::failed && !around_.wire.out.empty();
    has_failed_ = result.progress == tls::handshake_progress::failed;
    if (result.progress == tls::handshake_progress::done && !early_.append(around_.wire.in))
        trouble_ = handed::no_memory;
    around_.wire.in = {};
    send_what_reading_made();
    return result;
}

taken client_peer::read(std::size_t budget) noexcept
{
    CHECK(around_.wire.in.empty() && around_.wire.out.empty(), "the wire is left empty");
    taken result;
    if (early_.empty()) {
        const std::span<std::byte> room{around_.ciphertext.data(), budget};
        const net::read_result got = socket_.read(room);
        if (got.bytes == 0 || has_failed_) {
            result.end = end_of_stream(got.state);
            return result;
        }
        around_.wire.in = room.first(got.bytes);
    } else {
        around_.wire.in = early_.front();
    }

    const tls::read_result got = channel_.read(around_.plaintext);
    result.bytes = {around_.plaintext.data(), got.bytes};
    early_.clear();
    CHECK(got.progress != tls::read_progress::more, "the plaintext of a chunk fits its buffer");
    around_.wire.in = {}; // all was taken, or it stands behind the end and is ignored
    if (got.progress == tls::read_progress::close_notify)
        result.end = ending::source::clean;
    if (got.progress == tls::read_progress::failed) {
        has_failed_ = true;
        result.end = ending::source::failed;
    }
    send_what_reading_made();
    return result;
}

void client_peer::send_what_reading_made() noexcept
{
    if (around_.wire.out.empty())
        return;
    if (fin_due_) { // nothing follows our FIN: a write behind it would look like the client's reset
        around_.wire.out.clear();
        return;
    }
    tail_bytes_ += around_.wire.out.size();
    const handed done = send_wire();
    if (done == handed::broken || done == handed::no_memory)
        trouble_ = done;
}

handed client_peer::send_wire() noexcept
{
    std::span<const std::byte> bytes = around_.wire.out;
    handed result = handed::kept;
    if (unsent_.empty()) {
        const net::write_result done = socket_.write(bytes);
        bytes = bytes.subspan(done.bytes);
        if (done.state == net::write_state::taken)
            result = handed::over;
        if (done.state == net::write_state::broken)
            result = handed::broken;
    }
    if (!unsent_.append(bytes))
        result = handed::no_memory;
    around_.wire.out.clear();
    return result;
}

handed client_peer::write(std::span<const std::byte> bytes) noexcept
{
    if (bytes.empty())
        return unsent_.empty() ? handed::over : handed::kept;
    const bool made_ticket = !channel_.owes_ticket() || channel_.write_ticket();
    const std::size_t in_front = around_.wire.out.size();
    if (!made_ticket || !channel_.write(bytes)) {
        around_.wire.out.clear();
        has_failed_ = true;
        return handed::refused;
    }
    plaintext_bytes_ += bytes.size();
    data_ciphertext_bytes_ += around_.wire.out.size() - in_front;
    tail_bytes_ = 0;
    return send_wire();
}

handed client_peer::flush() noexcept
{
    if (!unsent_.empty()) {
        const net::write_result done = socket_.write(unsent_.front());
        unsent_.consume(done.bytes);
        if (done.state == net::write_state::broken)
            return handed::broken;
        if (!unsent_.empty())
            return handed::kept;
    }
    return send_fin_if_due();
}

handed client_peer::send_fin_if_due() noexcept
{
    if (fin_due_ && !fin_sent_) {
        fin_sent_ = true;
        socket_.finish();
    }
    return handed::over;
}

handed client_peer::finish() noexcept
{
    // In the middle of a client's handshake message TLS says nothing; then the FIN is all there is.
    said_close_notify_ = channel_.finish();
    fin_due_ = true;
    if (!around_.wire.out.empty()) {
        tail_bytes_ += around_.wire.out.size();
        if (const handed done = send_wire(); done != handed::over)
            return done;
    }
    return flush();
}

handed client_peer::truncate() noexcept
{
    fin_due_ = true;
    return flush();
}

shortfall client_peer::missing() const noexcept
{
    const std::uint64_t in_kernel = socket_.unacknowledged();
    std::uint64_t control = tail_bytes_ + (fin_sent_ ? 1 : 0);
    shortfall result;
    result.goodbye = fin_due_ && (unsent_.size() + in_kernel > 0 || !fin_sent_);
    if (data_ciphertext_bytes_ == 0)
        return result;

    // What was made last leaves last: control records stand at the end of the queue, then of what
    // the kernel holds. Never less than it is: rounded up, and in all at most what there was.
    std::uint64_t left = plaintext_bytes_;
    const auto plaintext = [&](std::uint64_t ciphertext) {
        const std::uint64_t behind = std::min(control, ciphertext);
        control -= behind;
        const std::uint64_t data = std::min(ciphertext - behind, data_ciphertext_bytes_);
        const std::uint64_t bytes =
            (data * plaintext_bytes_ + data_ciphertext_bytes_ - 1) / data_ciphertext_bytes_;
        const std::uint64_t taken = std::min(bytes, left);
        left -= taken;
        return taken;
    };
    result.unsent = plaintext(unsent_.size());
    result.in_kernel = plaintext(in_kernel);
    return result;
}

void client_peer::abort() noexcept
{
    unsent_.clear();
    early_.clear();
    socket_.abort();
}

void client_peer::release() noexcept
{
    unsent_.clear();
    early_.clear();
    socket_.release();
}

} // namespace ferrule::session
