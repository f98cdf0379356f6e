#include "tls/channel.hpp"

#include "base/check.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace ferrule::tls {

namespace {

/// OpenSSL takes any number of KeyUpdates; each costs us a key schedule and perhaps an answer. No
/// honest peer sends many without data in between.
constexpr std::uint32_t key_updates_max = 32;

// --- the BIO over the wire -----------------------------------------------------------------------

int wire_write(BIO* bio, const char* bytes, std::size_t count, std::size_t* written)
{
    auto* shared = static_cast<wire*>(BIO_get_data(bio));
    const auto* first = reinterpret_cast<const std::byte*>(bytes);
    BIO_clear_retry_flags(bio); // those of the last read would make a failure look like a wait
    try {
        shared->out.insert(shared->out.end(), first, first + count);
    } catch (const std::bad_alloc&) {
        return 0; // OpenSSL reports it as a failed write
    }
    *written = count;
    return 1;
}

int wire_read(BIO* bio, char* room, std::size_t size, std::size_t* taken)
{
    auto* shared = static_cast<wire*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (shared->in.empty()) {
        BIO_set_retry_read(bio);
        return 0;
    }
    const std::size_t count = std::min(size, shared->in.size());
    std::memcpy(room, shared->in.data(), count);
    shared->in = shared->in.subspan(count);
    *taken = count;
    return 1;
}

long wire_control(BIO*, int command, long, void*)
{
    // BIO_CTRL_EOF stays 0: a wire never ends, only sockets do.
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP ? 1 : 0;
}

BIO_METHOD* make_wire_method()
{
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ferrule wire");
    if (method == nullptr)
        return nullptr;
    BIO_meth_set_write_ex(method, wire_write);
    BIO_meth_set_read_ex(method, wire_read);
    BIO_meth_set_ctrl(method, wire_control);
    return method;
}

/// Made once and kept for the life of the process, as OpenSSL's own methods are.
const BIO_METHOD* wire_method()
{
    static const BIO_METHOD* const method = make_wire_method();
    return method;
}

BIO* make_wire_bio(wire& shared)
{
    BIO* bio = wire_method() == nullptr ? nullptr : BIO_new(wire_method());
    if (bio != nullptr) {
        BIO_set_data(bio, &shared);
        BIO_set_init(bio, 1);
    }
    return bio;
}

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

} // namespace

std::string alert_text(std::uint8_t number)
{
    std::string text = SSL_alert_desc_string_long(number);
    if (text == "unknown")
        return std::to_string(number);
    std::transform(text.begin(), text.end(), text.begin(), [](char each) {
        return each == ' ' ? '_' : each >= 'A' && each <= 'Z' ? static_cast<char>(each + 32) : each;
    });
    return text;
}

channel::channel(SSL_CTX* context, wire& shared) noexcept : ssl_{SSL_new(context)}
{
    BIO* bio = ssl_ == nullptr ? nullptr : make_wire_bio(shared);
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

void channel::watch_message(int is_write, int, int content_type, const void* bytes,
                            std::size_t count, SSL*, void* self)
{
    if (content_type == SSL3_RT_ALERT && count == 2) {
        seen_alerts& alerts = static_cast<channel*>(self)->alerts_;
        (is_write != 0 ? alerts.sent : alerts.received) =
            static_cast<const unsigned char*>(bytes)[1];
    }
    if (is_write != 0 || content_type != SSL3_RT_HANDSHAKE || count == 0)
        return;
    if (*static_cast<const unsigned char*>(bytes) == SSL3_MT_KEY_UPDATE)
        ++static_cast<channel*>(self)->key_updates_;
}

void channel::fail(std::string_view fallback) noexcept
{
    failed_ = true;
    note_reason(fallback);
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
    CHECK(!failed_, "a failed channel is left alone");
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
    CHECK(!failed_, "a failed channel is left alone");
    forget_errors();
    read_result result;
    while (result.bytes < room.size()) {
        std::size_t count = 0;
        const int done =
            SSL_read_ex(ssl_, room.data() + result.bytes, room.size() - result.bytes, &count);
        if (key_updates_ > key_updates_max) {
            forget_errors(); // whatever came behind them
            fail("too many KeyUpdates without data");
            result.progress = read_progress::failed;
            return result;
        }
        if (done == 1) {
            result.bytes += count;
            key_updates_ = 0;
            continue;
        }
        switch (SSL_get_error(ssl_, done)) {
        case SSL_ERROR_WANT_READ: result.progress = read_progress::blocked; return result;
        case SSL_ERROR_ZERO_RETURN: result.progress = read_progress::close_notify; return result;
        default:
            fail("protocol error");
            result.progress = read_progress::failed;
            return result;
        }
    }
    result.progress = read_progress::more;
    return result;
}

bool channel::write_ticket() noexcept
{
    CHECK(!failed_ && !finished_, "nothing is written after a goodbye or a failure");
    owes_ticket_ = false;
    forget_errors();
    if (SSL_new_session_ticket(ssl_) != 1)
        return true; // half a message of the peer is in the way: then there is none
    if (SSL_do_handshake(ssl_) != 1) {
        fail("write failure");
        return false;
    }
    SSL_free_buffers(ssl_); // writing it has made both, and OpenSSL would keep the one for reading
    return true;
}

bool channel::write(std::span<const std::byte> bytes) noexcept
{
    CHECK(!failed_ && !finished_, "nothing is written after a goodbye or a failure");
    forget_errors();
    while (!bytes.empty()) {
        std::size_t taken = 0;
        if (SSL_write_ex(ssl_, bytes.data(), bytes.size(), &taken) != 1) {
            // In the middle of a peer's message OpenSSL wants to read the rest of it first.
            const bool waits = SSL_get_error(ssl_, 0) == SSL_ERROR_WANT_READ;
            fail(waits ? "half a handshake message is in the way" : "write failure");
            return false;
        }
        bytes = bytes.subspan(taken);
    }
    return true;
}

bool channel::finish() noexcept
{
    CHECK(!finished_, "a goodbye is said once");
    CHECK(!failed_, "no close_notify follows a fatal error");
    finished_ = true;
    forget_errors();
    // 0: our close_notify is on the wire and the peer's has not come yet; 1: it came before. Both
    // are what we want; waiting for the peer is done by reading (SSL_shutdown(3)).
    if (SSL_shutdown(ssl_) >= 0) {
        // Nothing follows it: what OpenSSL would still write while reading (an answer to a
        // KeyUpdate) goes nowhere.
        SSL_set0_wbio(ssl_, BIO_new(BIO_s_null()));
        return true;
    }
    // No failure of the session: whatever the peer still sends is read as before.
    note_reason("close_notify could not be made");
    return false;
}

session_facts channel::facts() const noexcept
{
    session_facts known;
    if (established_) {
        known.version = SSL_get_version(ssl_);
        known.cipher = SSL_get_cipher_name(ssl_);
        known.resumed = SSL_session_reused(ssl_) == 1;
        known.is_tls13 = SSL_version(ssl_) == TLS1_3_VERSION;
    }
    if (const char* sni = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name); sni != nullptr)
        known.sni = sni;
    const unsigned char* alpn = nullptr;
    unsigned int alpn_size = 0;
    SSL_get0_alpn_selected(ssl_, &alpn, &alpn_size);
    known.alpn = {reinterpret_cast<const char*>(alpn), alpn_size};
    return known;
}

} // namespace ferrule::tls
