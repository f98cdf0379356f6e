#include "tls/trial_client.hpp"

#include "tls/odd_record.hpp"

#include <openssl/ssl.h>

#include <array>
#include <stdexcept>

namespace ferrule::tls {

namespace {

void require(bool went_well, const unverified_client& of, const char* what)
{
    if (!went_well)
        throw std::runtime_error(std::string("client of the self-test: ") + what + ": " +
                                 of.detail());
}

std::array<std::byte, 2> warning(int description)
{
    return {std::byte{SSL3_AL_WARNING}, static_cast<std::byte>(description)};
}

} // namespace

// Every cipher, whatever the listener is configured for: it is not this client's place to refuse.
trial_client::trial_client(int version, const std::string& groups)
    : tls_{{.version = version,
            .server_name = {},
            .alpn = {},
            .ciphers = "ALL",
            .groups = groups,
            .keeps_secret = true}}
{
}

void trial_client::take(std::span<const std::byte> ciphertext)
{
    tls_.put_in(ciphertext);
    if (!established_)
        handshake();
    if (established_ && !failed_ && !close_notify_)
        read();
}

void trial_client::handshake()
{
    if (failed_)
        return;
    const handshake_progress progress = tls_.handshake();
    established_ = progress == handshake_progress::done;
    failed_ = progress == handshake_progress::failed;
}

void trial_client::write(std::size_t count)
{
    const std::vector<std::byte> bytes(count, std::byte{'x'});
    require(tls_.write(bytes), tls_, "write");
    records_ += (count + SSL3_RT_MAX_PLAIN_LENGTH - 1) / SSL3_RT_MAX_PLAIN_LENGTH;
}

std::vector<std::byte> trial_client::to_send()
{
    std::vector<std::byte> all = tls_.take_out();
    all.insert(all.end(), odd_.begin(), odd_.end());
    odd_.clear();
    return all;
}

void trial_client::write_oddly(std::uint8_t type, std::span<const std::byte> content)
{
    const odd_writer writer{tls_.native(), tls_.traffic_secret()};
    const std::vector<std::byte> record = writer.record(records_++, type, content);
    odd_.insert(odd_.end(), record.begin(), record.end());
}

void trial_client::finish_as_canceled()
{
    write_oddly(SSL3_RT_ALERT, warning(SSL_AD_USER_CANCELLED));
    write_oddly(SSL3_RT_ALERT, warning(SSL_AD_CLOSE_NOTIFY));
}

void trial_client::finish_amid_message()
{
    constexpr std::array head{std::byte{SSL3_MT_KEY_UPDATE}, std::byte{0}, std::byte{0},
                              std::byte{1}};
    write_oddly(SSL3_RT_HANDSHAKE, head);
    write_oddly(SSL3_RT_ALERT, warning(SSL_AD_CLOSE_NOTIFY));
}

void trial_client::finish()
{
    if (!failed_)
        require(tls_.finish(), tls_, "close_notify");
}

void trial_client::read()
{
    std::array<std::byte, 16384> room;
    for (;;) {
        const read_result got = tls_.read(room);
        bytes_ += got.bytes;
        switch (got.progress) {
        case read_progress::more: continue;
        case read_progress::blocked: return;
        case read_progress::close_notify: close_notify_ = true; return;
        case read_progress::failed: failed_ = true; return;
        }
    }
}

} // namespace ferrule::tls
