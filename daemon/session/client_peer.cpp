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

client_peer::handshake_state client_peer::handshake()
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
    remember_first(around_.wire.in);
    result.progress = channel_.handshake();
    result.alert_sent =
        result.progress == tls::handshake_progress::failed && !around_.wire.out.empty();
    has_failed_ = result.progress == tls::handshake_progress::failed;
    if (result.progress == tls::handshake_progress::done && !early_.append(around_.wire.in))
        trouble_ = handed::no_memory;
    if (result.progress != tls::handshake_progress::done || trouble_.has_value())
        skipped_ += around_.wire.in.size();
    around_.wire.in = {};
    send_what_reading_made();
    return result;
}

/// They may come one by one.
void client_peer::remember_first(std::span<const std::byte> bytes) noexcept
{
    const std::size_t count = std::min(bytes.size(), first_bytes_.size() - first_count_);
    std::ranges::copy(bytes.first(count), first_bytes_.begin() + first_count_);
    first_count_ = static_cast<std::uint8_t>(first_count_ + count);
}

taken client_peer::read(std::size_t budget)
{
    CHECK(around_.wire.in.empty() && around_.wire.out.empty(), "the wire is left empty");
    taken result;
    if (early_.empty()) {
        const std::span<std::byte> room{around_.ciphertext.data(), budget};
        const net::read_result got = socket_.read(room);
        if (got.bytes == 0 || has_failed_) {
            skipped_ += got.bytes;
            result.end = end_of_stream(got.state);
            return result;
        }
        around_.wire.in = room.first(got.bytes);
    } else {
        around_.wire.in = early_.front();
    }

    const tls::read_result got = channel_.read(around_.plaintext);
    result.bytes = {around_.plaintext.data(), got.bytes};
    if (!keep_what_is_left(got.progress))
        trouble_ = handed::no_memory;
    if (got.progress == tls::read_progress::close_notify)
        result.end = ending::source::clean;
    if (got.progress == tls::read_progress::failed) {
        has_failed_ = true;
        result.end = ending::source::failed;
    }
    send_what_reading_made();
    return result;
}

/// What a turn has not taken waits for the next one; what stands behind an end is nobody's. False
/// without memory.
bool client_peer::keep_what_is_left(tls::read_progress progress)
{
    const std::span<const std::byte> left = std::exchange(around_.wire.in, {});
    const bool is_kept = progress == tls::read_progress::more;
    if (!early_.empty()) {
        // It stands at the end of what waited before.
        early_.consume(early_.size() - (is_kept ? left.size() : 0));
        skipped_ += is_kept ? 0 : left.size();
        return true;
    }
    if (is_kept && early_.append(left))
        return true;
    skipped_ += left.size();
    return !is_kept;
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

std::size_t client_peer::unsent_answers() const noexcept
{
    return static_cast<std::size_t>(std::min<std::uint64_t>(unsent_.size(), tail_bytes_));
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
    is_cut_off_ = is_cut_off_ || result == handed::broken || result == handed::no_memory;
    around_.wire.out.clear();
    return result;
}

handed client_peer::write(std::span<const std::byte> bytes) noexcept
{
    if (bytes.empty())
        return unsent_.empty() ? handed::over : handed::kept;
    const bool made_ticket =
        !channel_.owes_ticket() || channel_.write_ticket() == tls::saying::open;
    const std::size_t in_front = around_.wire.out.size();
    if (!made_ticket || channel_.write(bytes) != tls::saying::open)
        return refuse();
    plaintext_bytes_ += bytes.size();
    data_ciphertext_bytes_ += around_.wire.out.size() - in_front;
    tail_bytes_ = 0;
    return send_wire();
}

/// TLS has failed where it should have said something. Its alert is sent; without one, nothing is:
/// then the records that stand on the wire would be a part of what nobody ends.
handed client_peer::refuse() noexcept
{
    has_failed_ = true;
    if (!channel_.was_alerted() || fin_due_)
        around_.wire.out.clear();
    if (!around_.wire.out.empty()) {
        tail_bytes_ += around_.wire.out.size();
        send_wire();
    }
    return handed::refused;
}

handed client_peer::flush()
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

handed client_peer::finish()
{
    said_close_notify_ = channel_.finish() == tls::saying::finished;
    if (!said_close_notify_)
        return refuse();
    fin_due_ = true;
    if (!around_.wire.out.empty()) {
        tail_bytes_ += around_.wire.out.size();
        if (const handed done = send_wire(); done != handed::over)
            return done;
    }
    return flush();
}

handed client_peer::truncate()
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

void client_peer::forget_queues() noexcept
{
    skipped_ += early_.size();
    unsent_.clear();
    early_.clear();
}

void client_peer::abort()
{
    forget_queues();
    socket_.abort();
}

void client_peer::release(bool acknowledged)
{
    forget_queues();
    socket_.release(acknowledged && fin_sent_);
}

} // namespace ferrule::session
