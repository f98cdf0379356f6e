// What a channel learns by watching OpenSSL at work, and what it tells of it.

#include "tls/channel.hpp"

#include <openssl/ssl.h>

#include <algorithm>

namespace ferrule::tls {

namespace {

/// Records without data that are taken in one turn. A KeyUpdate costs 20 us, so a turn of them is
/// about as long as one of bulk data.
constexpr std::uint32_t controls_max = 32;

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

void channel::watch_message(int is_write, int, int content_type, const void* bytes,
                            std::size_t count, SSL*, void* self)
{
    auto& own = *static_cast<channel*>(self);
    const auto* const text = static_cast<const std::uint8_t*>(bytes);
    if (count == 0)
        return;
    if (content_type == SSL3_RT_ALERT && count == 2) {
        own.watch_alert(is_write != 0, text[0], text[1]);
    } else if (is_write != 0) {
        own.records_written_ += content_type == SSL3_RT_HEADER ? 1 : 0;
    } else if (content_type == SSL3_RT_HEADER || content_type == SSL3_RT_INNER_CONTENT_TYPE) {
        // In TLS 1.3 every header says application data, and the type comes with the plaintext.
        own.watch_record(text[0]);
    } else if (content_type == SSL3_RT_HANDSHAKE) {
        own.message_begun_ = false; // R134, R141: it is whole, and nothing is in the way of an end
    }
}

void channel::watch_alert(bool is_write, std::uint8_t level, std::uint8_t number) noexcept
{
    if (is_write && number == SSL_AD_BAD_RECORD_MAC && end_.from != wire_end::source::nonsense)
        broken_ = end_.taken.last();
    if (is_write && end_.is_silent)
        return;
    (is_write ? alerts_.sent : alerts_.received) = number;
    // R43: user_canceled is a warning, and the close_notify behind it the end.
    was_alerted_ = was_alerted_ || (level == SSL3_AL_FATAL && number != SSL_AD_CLOSE_NOTIFY);
    if (is_write && number == SSL_AD_NO_RENEGOTIATION)
        message_begun_ = false; // R133: it was whole, and is refused
}

void channel::watch_record(int type) noexcept
{
    if (!established_ || type == SSL3_RT_APPLICATION_DATA)
        return; // R132: an empty one is data, too
    message_begun_ = message_begun_ || type == SSL3_RT_HANDSHAKE;
    // R133 to R135: each costs us work. Of alerts OpenSSL takes few in a row, and a goodbye needs
    // no budget.
    is_flooded_ = is_flooded_ || (type != SSL3_RT_ALERT && !budget_.spend());
    if (++controls_ >= controls_max || is_flooded_)
        end_.from = wire_end::source::nothing;
}

bool channel::has_begun_message() const noexcept
{
    return established_ && (message_begun_ || SSL_in_init(ssl_) == 1);
}

agreement channel::agreed() const noexcept
{
    agreement known;
    if (ssl_ == nullptr)
        return known;
    if (established_) {
        known.version = SSL_get_version(ssl_);
        known.cipher = SSL_get_cipher_name(ssl_);
        known.resumed = SSL_session_reused(ssl_) == 1;
        known.is_tls13 = SSL_version(ssl_) == TLS1_3_VERSION;
    }
    // R17: these belong to the log's line.
    if (const char* sni = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name); sni != nullptr)
        known.sni = sni;
    const unsigned char* alpn = nullptr;
    unsigned int alpn_size = 0;
    SSL_get0_alpn_selected(ssl_, &alpn, &alpn_size);
    known.alpn = {reinterpret_cast<const char*>(alpn), alpn_size};
    return known;
}

} // namespace ferrule::tls
