#include "tls/channel.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <new>

namespace ferrule::tls {

namespace {

/// The first reason that the TLS layer gives; below it stand those of ciphers and providers.
std::string take_reason(std::string_view fallback)
{
    const char* reason = ERR_reason_error_string(ERR_peek_error());
    while (const unsigned long error = ERR_get_error()) {
        if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_reason_error_string(error) != nullptr) {
            reason = ERR_reason_error_string(error);
            break;
        }
    }
    return std::string{reason != nullptr ? std::string_view{reason} : fallback};
}

/// ERR_clear_error visits every slot of the queue, which is a tenth of what OpenSSL does for a
/// short message; there is hardly ever something in it.
void forget_errors() noexcept
{
    if (ERR_peek_error() != 0)
        ERR_clear_error();
}

read_progress progress_of(int error) noexcept
{
    switch (error) {
    case SSL_ERROR_WANT_READ: return read_progress::blocked; // R13: half a record is no end (E1)
    case SSL_ERROR_ZERO_RETURN: return read_progress::close_notify;
    default: return read_progress::failed; // R40 to R42, R136: nor is what breaks TLS
    }
}

} // namespace

channel::channel(SSL_CTX* context, wire& shared, channel_limits limits) noexcept
    : end_{shared}, ssl_{SSL_new(context)}, limits_{limits}
{
    BIO* bio = ssl_ == nullptr ? nullptr : make_wire_bio(end_);
    if (bio == nullptr) {
        SSL_free(ssl_);
        ssl_ = nullptr;
        return;
    }
    SSL_set_bio(ssl_, bio, bio);
    SSL_set_accept_state(ssl_);
    SSL_set_num_tickets(ssl_, 0); // its ticket goes with the first data, see `write_ticket`
    SSL_set_msg_callback(ssl_, &channel::watch_message);
    SSL_set_msg_callback_arg(ssl_, this);
}

channel::~channel()
{
    SSL_free(ssl_);
}

void channel::fail(std::string_view fallback) noexcept
{
    failed_ = true;
    note_reason(fallback);
}

/// R45 to R47, R135: OpenSSL has no call that sends a fatal alert, but it sends one for a record
/// that it refuses.
void channel::fail_with_alert(std::string_view fallback) noexcept
{
    fail(fallback);
    if (finished_ || was_alerted_)
        return;
    // After the peer's close_notify OpenSSL would not read.
    SSL_set_shutdown(ssl_, SSL_get_shutdown(ssl_) & ~SSL_RECEIVED_SHUTDOWN);
    end_.from = wire_end::source::nonsense;
    std::array<std::byte, 512> unused; // plaintext that nobody has asked for
    std::size_t count = 0;
    while (SSL_read_ex(ssl_, unused.data(), unused.size(), &count) == 1)
        continue;
    end_.from = wire_end::source::nothing;
    forget_errors();
}

void channel::note_reason(std::string_view fallback) noexcept
{
    try {
        detail_ = take_reason(fallback);
    } catch (const std::bad_alloc&) {
        detail_.clear();
    }
    forget_errors();
}

handshake_progress channel::handshake() noexcept
{
    if (failed_ || ssl_ == nullptr)
        return handshake_progress::failed;
    if (established_)
        return handshake_progress::done;
    forget_errors();
    const int result = SSL_do_handshake(ssl_);
    if (result == 1) {
        established_ = true;
        owes_ticket_ = SSL_version(ssl_) == TLS1_3_VERSION;
        return handshake_progress::done;
    }
    if (SSL_get_error(ssl_, result) == SSL_ERROR_WANT_READ)
        return handshake_progress::blocked;
    fail("handshake failure");
    return handshake_progress::failed;
}

read_result channel::read(std::span<std::byte> room) noexcept
{
    read_result result;
    if (failed_ || !established_) {
        result.progress =
            state() == saying::failed ? read_progress::failed : read_progress::blocked;
        return result;
    }
    forget_errors();
    end_.from = wire_end::source::wire;
    controls_ = 0;
    while (result.bytes < room.size()) {
        std::size_t count = 0;
        const int done =
            SSL_read_ex(ssl_, room.data() + result.bytes, room.size() - result.bytes, &count);
        if (done == 1) {
            result.bytes += count;
            budget_.refill(count);
        }
        if (is_flooded_) {
            // R135: whatever came behind them is of no matter.
            forget_errors();
            fail_with_alert("too many records without data");
            result.progress = read_progress::failed;
            return result;
        }
        if (done == 1)
            continue;
        result.progress = progress_of(SSL_get_error(ssl_, done));
        if (result.progress == read_progress::blocked && !end_.shared.in.empty())
            result.progress = read_progress::more;
        if (result.progress == read_progress::failed)
            fail_with_alert("protocol error"); // OpenSSL has sent one as a rule
        // R45: nobody ends in the middle of a message (RFC 8446 5.1).
        if (result.progress == read_progress::close_notify && has_begun_message()) {
            fail_with_alert("close_notify in the middle of a handshake message");
            result.progress = read_progress::failed;
        }
        return result;
    }
    result.progress = read_progress::more;
    return result;
}

saying channel::state() const noexcept
{
    if (failed_ || ssl_ == nullptr)
        return saying::failed;
    if (finished_)
        return saying::finished;
    return established_ && SSL_in_init(ssl_) == 0 ? saying::open : saying::mute;
}

saying channel::ready_to_say() noexcept
{
    forget_errors();
    const saying now = state();
    if (now != saying::mute || !established_)
        return now;
    // R46, R47: OpenSSL says nothing until it has the rest, and that may never come.
    fail_with_alert("half a handshake message is in the way");
    return saying::failed;
}

/// A key is good for so many records (RFC 8446 5.5). The KeyUpdate stands before the next one.
void channel::renew_key_if_used_up() noexcept
{
    if (records_written_ < limits_.records_for_a_key || SSL_version(ssl_) != TLS1_3_VERSION)
        return;
    // If OpenSSL cannot now, it is asked again at the next record.
    if (SSL_key_update(ssl_, SSL_KEY_UPDATE_NOT_REQUESTED) == 1)
        records_written_ = 0;
    forget_errors();
}

saying channel::write_ticket() noexcept
{
    if (const saying now = ready_to_say(); now != saying::open)
        return now;
    owes_ticket_ = false;
    const bool owes_answer = SSL_get_key_update_type(ssl_) != SSL_KEY_UPDATE_NONE;
    if (SSL_new_session_ticket(ssl_) != 1) {
        forget_errors();
        return saying::open; // there is none, and nobody needs one
    }
    if (SSL_do_handshake(ssl_) != 1) {
        fail_with_alert("write failure");
        return saying::failed;
    }
    // The answer to a KeyUpdate takes the first turn, and the ticket would come with the data, to
    // be counted as a part of them. Writing nothing makes OpenSSL write what it owes.
    std::size_t written = 0;
    if (owes_answer && SSL_write_ex(ssl_, "", 0, &written) != 1) {
        fail_with_alert("write failure");
        return saying::failed;
    }
    SSL_free_buffers(ssl_); // writing it has made both, and OpenSSL would keep the one for reading
    return saying::open;
}

saying channel::write(std::span<const std::byte> bytes) noexcept
{
    if (const saying now = ready_to_say(); now != saying::open)
        return now;
    budget_.refill(bytes.size());
    while (!bytes.empty()) { // R11: a record takes 16 KiB at most
        std::size_t taken = 0;
        renew_key_if_used_up();
        if (SSL_write_ex(ssl_, bytes.data(), bytes.size(), &taken) != 1) {
            fail_with_alert("write failure");
            return saying::failed;
        }
        bytes = bytes.subspan(taken);
    }
    return saying::open;
}

saying channel::finish() noexcept
{
    if (const saying now = ready_to_say(); now != saying::open)
        return now;
    // R1, R2. 0: our close_notify is on the wire and the peer's has not come yet; 1: it came
    // before. Both are what we want; waiting for the peer is done by reading (SSL_shutdown(3)).
    if (SSL_shutdown(ssl_) < 0) {
        fail_with_alert("close_notify could not be made");
        return saying::failed;
    }
    // R137: nothing follows it: what OpenSSL would still write while reading (an answer to a
    // KeyUpdate) goes nowhere.
    finished_ = end_.is_silent = true;
    return saying::finished;
}

} // namespace ferrule::tls
