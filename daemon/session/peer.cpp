#include "session/peer.hpp"

namespace ferrule::session {

peer::peer(surroundings& around) noexcept : around_{around}, transport_{around} {}

peer::peer(SSL_CTX* context, surroundings& around) noexcept
    : around_{around}, transport_{context, around}
{
}

// --- reading -------------------------------------------------------------------------------------

tls_transport::handshake_state peer::handshake()
{
    const tls_transport::handshake_state result = transport_.tls()->handshake(socket_);
    send_answers();
    return result;
}

taken peer::read(std::size_t budget)
{
    const taken result = transport_.read(socket_, budget);
    if (transport_.tls() != nullptr)
        send_answers();
    return result;
}

/// Reading may write, too, with TLS.
void peer::send_answers() noexcept
{
    if (transport_.tls()->has_lost_some())
        trouble_ = handed::no_memory;
    // R137: nothing follows our FIN: a write behind it would look like the peer's reset.
    if (fin_due_) {
        around_.wire.out.clear();
        return;
    }
    const std::span<const std::byte> bytes = transport_.answers();
    if (bytes.empty())
        return;
    const handed done = send(bytes);
    if (done == handed::broken || done == handed::no_memory)
        trouble_ = done;
}

// --- writing -------------------------------------------------------------------------------------

handed peer::write(std::span<const std::byte> bytes) noexcept
{
    if (bytes.empty())
        return unsent_.empty() ? handed::over : handed::kept;
    const spelled wire = transport_.write(bytes);
    return wire.has_value() ? send(*wire) : refuse();
}

/// What the kernel does not take waits (R6, R146); behind what waits already, everything does.
handed peer::send(std::span<const std::byte> bytes) noexcept
{
    handed result = handed::kept;
    if (unsent_.empty()) {
        const net::write_result done = socket_.write(bytes);
        bytes = bytes.subspan(done.bytes);
        if (done.state == net::write_state::taken)
            result = handed::over;
        if (done.state == net::write_state::broken)
            result = handed::broken;
    }
    if (!bytes.empty() && !unsent_.append(bytes))
        result = handed::no_memory;
    is_cut_off_ = is_cut_off_ || result == handed::broken || result == handed::no_memory;
    around_.wire.out.clear();
    return result;
}

handed peer::refuse() noexcept
{
    // R45 to R47: the alert says what a FIN alone would hide.
    const std::span<const std::byte> words = transport_.last_words();
    if (!words.empty() && !fin_due_)
        send(words);
    around_.wire.out.clear();
    return handed::refused;
}

handed peer::flush()
{
    if (!unsent_.empty()) {
        const net::write_result done = socket_.write(unsent_.front());
        unsent_.consume(done.bytes);
        if (done.state == net::write_state::broken)
            return handed::broken;
        if (!unsent_.empty())
            return handed::kept;
    }
    // R1, R21, R147: right behind the last byte, since some clients wait for it (E1, E2).
    if (fin_due_ && !fin_sent_) {
        fin_sent_ = true;
        socket_.finish();
    }
    return handed::over;
}

handed peer::finish()
{
    const spelled words = transport_.goodbye();
    if (!words.has_value())
        return refuse();
    fin_due_ = true;
    if (!words->empty()) {
        if (const handed done = send(*words); done != handed::over)
            return done;
    }
    return flush();
}

handed peer::truncate()
{
    fin_due_ = true; // R97, R188: no close_notify in front of it
    return flush();
}

bool peer::was_alerted() const noexcept
{
    return !is_cut_off_ && transport_.was_alerted();
}

// --- the end -------------------------------------------------------------------------------------

acknowledgement peer::look_for_acknowledgement(bool is_awaited) noexcept
{
    if (!is_awaited || !socket_.is_open()) {
        in_kernel_ = 0;
        return {};
    }
    const std::size_t before = std::exchange(in_kernel_, socket_.unacknowledged());
    return {.is_whole = in_kernel_ == 0 && is_handed_over(), .is_more = in_kernel_ < before};
}

shortfall peer::missing() const noexcept
{
    const std::uint64_t in_kernel = socket_.unacknowledged();
    const waiting_bytes waiting{unsent_.size(), in_kernel, fin_sent_ ? 1U : 0U};
    shortfall result = transport_.missing(waiting);
    result.goodbye = fin_due_ && (unsent_.size() + in_kernel > 0 || !fin_sent_);
    return result;
}

void peer::abort()
{
    unsent_.clear();
    transport_.forget_what_waits();
    socket_.abort();
}

void peer::release(bool acknowledged)
{
    unsent_.clear();
    transport_.forget_what_waits();
    socket_.release(acknowledged && fin_sent_);
}

} // namespace ferrule::session
