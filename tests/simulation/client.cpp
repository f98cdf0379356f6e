#include "simulation/client.hpp"

#include "simulation/client_kit.hpp"
#include "tls/odd_record.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <array>

namespace ferrule::simulation {

namespace {

int slot()
{
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

} // namespace

void client::prepare(int version)
{
    client_context(version, &client::keep_secret);
}

client::client(kernel& of, int descriptor, int version, bool resumes)
    : tcp_{of, descriptor},
      ssl_{SSL_new(client_context(version))},
      to_client_{BIO_new(BIO_s_mem())},
      to_server_{BIO_new(BIO_s_mem())}
{
    BIO_set_mem_eof_return(to_client_, -1);
    SSL_set_bio(ssl_.get(), to_client_, to_server_);
    SSL_set_connect_state(ssl_.get());
    SSL_set_ex_data(ssl_.get(), slot(), this);
    SSL_set_info_callback(ssl_.get(), &client::note);
    if (resumes) {
        SSL_SESSION* const copy = copied_ticket(version);
        SSL_set_session(ssl_.get(), copy);
        SSL_SESSION_free(copy);
    }
}

void client::note(const SSL* who, int what, int value)
{
    // The level stands in the high byte; a close_notify is a warning.
    if ((what & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && (value >> 8) == SSL3_AL_FATAL)
        static_cast<client*>(SSL_get_ex_data(who, slot()))->saw_alert_ = true;
}

void client::keep_secret(const SSL* who, const char* line)
{
    auto* const self = static_cast<client*>(SSL_get_ex_data(who, slot()));
    if (auto secret = tls::client_secret_in(line); self != nullptr && !secret.empty())
        self->secret_ = std::move(secret);
}

void client::begin(std::size_t greeting, bool leaves)
{
    has_begun_ = true;
    greeting_ = greeting;
    leaves_ = leaves;
    go_on();
}

void client::send_garbage()
{
    has_begun_ = true;
    has_failed_ = true;
    spoiled_at_ = 0;
    tcp_.send("GET / HTTP/1.0\r\n\r\n");
}

bool client::may_write() const
{
    return is_established_ && !said_goodbye() && !is_cut_short_ && tcp_.can_send() && !has_failed_;
}

bool client::write(std::size_t count)
{
    if (!may_write())
        return false;
    records_ += (count + SSL3_RT_MAX_PLAIN_LENGTH - 1) / SSL3_RT_MAX_PLAIN_LENGTH;
    std::string bytes(count, '\0');
    for (std::size_t i = 0; i < count; ++i)
        bytes[i] = byte_at(sent_ + i, 0);
    ERR_clear_error();
    return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(count)) == static_cast<int>(count);
}

void client::send(std::size_t count)
{
    if (count > 0 && write(count) && spoiled_at_ == nowhere)
        note_data(count);
    flush();
}

void client::note_data(std::size_t count)
{
    sent_ += count;
    data_ends_.push_back(tcp_.given() + BIO_ctrl_pending(to_server_));
}

bool client::has_sent_data(std::uint64_t from, std::uint64_t to) const
{
    const auto first = std::upper_bound(data_ends_.begin(), data_ends_.end(), from);
    return first != data_ends_.end() && *first <= to;
}

void client::send_spoiled_record()
{
    if (!write(20))
        return;
    std::string record = from_openssl();
    record.back() = static_cast<char>(record.back() ^ 1);
    tcp_.send(record);
    spoiled_at_ = std::min(spoiled_at_, tcp_.given());
}

void client::send_half_a_record()
{
    if (!write(200))
        return;
    const std::string record = from_openssl();
    tcp_.send(std::string_view{record}.substr(0, record.size() / 2));
    is_cut_short_ = true;
}

void client::break_off(bool with_close_notify)
{
    if (!may_write() || secret_.empty() || updated_key_)
        return;
    constexpr std::array head{std::byte{SSL3_MT_KEY_UPDATE}, std::byte{0}, std::byte{0},
                              std::byte{1}};
    constexpr std::array goodbye{std::byte{SSL3_AL_WARNING}, std::byte{SSL_AD_CLOSE_NOTIFY}};
    const tls::odd_writer writer{ssl_.get(), secret_};
    std::string records;
    const auto write = [&](std::uint8_t type, std::span<const std::byte> content) {
        const auto made = writer.record(records_++, type, content);
        records.append(reinterpret_cast<const char*>(made.data()), made.size());
    };
    write(SSL3_RT_HANDSHAKE, head);
    if (with_close_notify)
        write(SSL3_RT_ALERT, goodbye);
    flush();
    tcp_.send(records);
    (with_close_notify ? spoiled_at_ : begun_at_) = tcp_.given();
    is_cut_short_ = true;
}

void client::update_key()
{
    if (!is_established_ || said_goodbye() || is_cut_short_ || has_failed_ ||
        SSL_version(ssl_.get()) != TLS1_3_VERSION)
        return;
    ERR_clear_error();
    updated_key_ = true;
    SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(ssl_.get());
    flush();
}

void client::shut_down()
{
    if (!is_established_ || said_goodbye() || is_cut_short_ || !tcp_.can_send() || has_failed_)
        return;
    ERR_clear_error();
    if (SSL_shutdown(ssl_.get()) >= 0)
        goodbye_at_ = tcp_.given() + BIO_ctrl_pending(to_server_);
}

void client::say_goodbye()
{
    shut_down();
    flush();
}

std::string client::from_openssl()
{
    std::string bytes(BIO_ctrl_pending(to_server_), '\0');
    if (!bytes.empty())
        BIO_read(to_server_, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
}

void client::flush()
{
    const std::string bytes = from_openssl();
    if (!bytes.empty() && !is_cut_short_)
        tcp_.send(bytes);
}

void client::pump()
{
    const std::string bytes = tcp_.pump();
    if (bytes.empty())
        return;
    if (spoiled_at_ == 0)
        return; // garbage has been sent: whatever comes is an answer to that
    BIO_write(to_client_, bytes.data(), static_cast<int>(bytes.size()));
    if (saw_close_notify_)
        saw_bytes_behind_close_notify_ = true;
    go_on();
}

void client::go_on()
{
    ERR_clear_error();
    if (has_begun_ && !is_established_ && !has_failed_) {
        const int done = SSL_do_handshake(ssl_.get());
        is_established_ = done == 1;
        has_failed_ = done != 1 && SSL_get_error(ssl_.get(), done) != SSL_ERROR_WANT_READ;
        if (is_established_ && greeting_ > 0 && write(greeting_))
            note_data(greeting_);
        if (leaves_)
            shut_down();
        flush();
        if (is_established_ && leaves_)
            tcp_.finish();
    }
    if (is_established_)
        read();
}

void client::read()
{
    static std::array<char, 20'000> room;
    while (!has_failed_ && !saw_close_notify_) {
        ERR_clear_error();
        const int count = SSL_read(ssl_.get(), room.data(), static_cast<int>(room.size()));
        for (int i = 0; i < count; ++i)
            is_spoiled_ =
                byte_at(received_++, 1) != room[static_cast<std::size_t>(i)] || is_spoiled_;
        if (count > 0)
            continue;
        const int why = SSL_get_error(ssl_.get(), count);
        if (why == SSL_ERROR_ZERO_RETURN) {
            saw_close_notify_ = true;
            saw_bytes_behind_close_notify_ = BIO_ctrl_pending(to_client_) > 0;
        } else if (why != SSL_ERROR_WANT_READ) {
            has_failed_ = true;
        }
        break;
    }
    flush(); // an answer to a KeyUpdate
}

} // namespace ferrule::simulation
