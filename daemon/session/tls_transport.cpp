#include "session/tls_transport.hpp"

#include "base/check.hpp"

#include <algorithm>

namespace ferrule::session {

namespace {

std::optional<ending::source> end_of_stream(net::read_state state)
{
    switch (state) {
    // R30 to R32: a FIN without a close_notify before it. Nobody knows whether more was to come
    // (RFC 8446 6.1).
    case net::read_state::fin: return ending::source::truncated;
    case net::read_state::reset: return ending::source::reset;
    case net::read_state::bytes:
    case net::read_state::blocked: break;
    }
    return std::nullopt;
}

} // namespace

tls_transport::handshake_state tls_transport::handshake(net::socket& from)
{
    CHECK(around_.wire.in.empty() && around_.wire.out.empty(), "the wire is left empty");
    const std::span<std::byte> room{around_.ciphertext.data(), chunk_min};
    const net::read_result got = from.read(room);
    handshake_state result;
    result.end = end_of_stream(got.state);
    if (got.bytes == 0)
        return result;

    has_received_anything_ = true; // R64, R142: from here on it is no probe
    around_.wire.in = room.first(got.bytes);
    remember_first(around_.wire.in);
    result.progress = channel_.handshake();
    result.alert_sent =
        result.progress == tls::handshake_progress::failed && !around_.wire.out.empty();
    has_failed_ = result.progress == tls::handshake_progress::failed;
    // R9, R10, R19: a request that came with Finished waits for its backend.
    if (result.progress == tls::handshake_progress::done && !early_.append(around_.wire.in))
        has_lost_some_ = true;
    if (result.progress != tls::handshake_progress::done || has_lost_some_)
        skipped_ += around_.wire.in.size();
    around_.wire.in = {};
    return result;
}

/// They may come one by one.
void tls_transport::remember_first(std::span<const std::byte> bytes) noexcept
{
    const std::size_t count = std::min(bytes.size(), first_bytes_.size() - first_count_);
    std::ranges::copy(bytes.first(count), first_bytes_.begin() + first_count_);
    first_count_ = static_cast<std::uint8_t>(first_count_ + count);
}

taken tls_transport::read(net::socket& from, std::size_t budget)
{
    CHECK(around_.wire.in.empty() && around_.wire.out.empty(), "the wire is left empty");
    taken result;
    if (early_.empty()) {
        const std::span<std::byte> room{around_.ciphertext.data(), budget};
        const net::read_result got = from.read(room);
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
    has_lost_some_ = !keep_what_is_left(got.progress);
    // R2, R3, R140, F10: no FIN is needed behind it.
    if (got.progress == tls::read_progress::close_notify)
        result.end = ending::source::clean;
    if (got.progress == tls::read_progress::failed) {
        has_failed_ = true;
        result.end = ending::source::failed;
    }
    return result;
}

/// What a turn has not taken waits for the next one; what stands behind an end is nobody's (R130,
/// R131). False without memory.
bool tls_transport::keep_what_is_left(tls::read_progress progress)
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

spelled tls_transport::write(std::span<const std::byte> bytes) noexcept
{
    // R10: a ticket in front of data meets no client that has left without waiting for any.
    if (channel_.owes_ticket() && channel_.write_ticket() != tls::saying::open)
        return std::nullopt;
    const std::size_t in_front = around_.wire.out.size();
    if (channel_.write(bytes) != tls::saying::open)
        return std::nullopt;
    plaintext_bytes_ += bytes.size();
    data_ciphertext_bytes_ += around_.wire.out.size() - in_front;
    tail_bytes_ = 0;
    return around_.wire.out;
}

spelled tls_transport::goodbye() noexcept
{
    if (channel_.finish() != tls::saying::finished)
        return std::nullopt;
    return answers();
}

std::span<const std::byte> tls_transport::answers() noexcept
{
    tail_bytes_ += around_.wire.out.size();
    return around_.wire.out;
}

std::span<const std::byte> tls_transport::last_words() noexcept
{
    has_failed_ = true;
    return channel_.was_alerted() ? answers() : std::span<const std::byte>{};
}

shortfall tls_transport::missing(const waiting_bytes& waiting) const noexcept
{
    shortfall result;
    if (data_ciphertext_bytes_ == 0)
        return result;

    // What was made last leaves last: control records stand at the end of the queue, then of what
    // the kernel holds. Never less than it is: rounded up, and in all at most what there was.
    std::uint64_t control = tail_bytes_ + waiting.fin;
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
    result.unsent = plaintext(waiting.with_us);
    result.in_kernel = plaintext(waiting.in_kernel);
    return result;
}

void tls_transport::forget_what_waits() noexcept
{
    skipped_ += early_.size();
    early_.clear();
}

} // namespace ferrule::session
