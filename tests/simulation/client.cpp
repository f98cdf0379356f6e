#include "simulation/client.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace ferrule::simulation {

namespace {

struct context_free {
    void operator()(SSL_CTX* what) const { SSL_CTX_free(what); }
};
struct session_free {
    void operator()(SSL_SESSION* what) const { SSL_SESSION_free(what); }
};

int slot()
{
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

/// One client context for each version, and a ticket that every resuming session uses.
struct client_kit {
    std::unique_ptr<SSL_CTX, context_free> context;
    std::unique_ptr<SSL_SESSION, session_free> ticket;

    explicit client_kit(int version) : context{SSL_CTX_new(TLS_client_method())}
    {
        SSL_CTX_set_min_proto_version(context.get(), version);
        SSL_CTX_set_max_proto_version(context.get(), version);
        SSL_CTX_set1_groups_list(context.get(), "X25519");
        SSL_CTX_set_session_cache_mode(context.get(),
                                       SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
        SSL_CTX_set_ex_data(context.get(), 0, this);
        SSL_CTX_sess_set_new_cb(context.get(), [](SSL* who, SSL_SESSION* made) {
            auto* kit = static_cast<client_kit*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(who), 0));
            if (kit->ticket == nullptr)
                kit->ticket.reset(SSL_SESSION_dup(made));
            return 0;
        });
        get_ticket();
    }

    /// A handshake in memory.
    void get_ticket()
    {
        std::unique_ptr<SSL, decltype(&SSL_free)> near{SSL_new(context.get()), &SSL_free};
        std::unique_ptr<SSL, decltype(&SSL_free)> far{SSL_new(server_context()->native()),
                                                      &SSL_free};
        BIO* one = nullptr;
        BIO* other = nullptr;
        BIO_new_bio_pair(&one, 0, &other, 0);
        SSL_set_bio(near.get(), one, one);
        SSL_set_bio(far.get(), other, other);
        SSL_set_connect_state(near.get());
        SSL_set_accept_state(far.get());
        char room = 0;
        for (int i = 0; i < 10; ++i) {
            SSL_do_handshake(near.get());
            SSL_do_handshake(far.get());
            SSL_read(near.get(), &room, 1);
        }
        ERR_clear_error();
        if (ticket == nullptr)
            throw std::runtime_error("the simulation's client gets no ticket");
    }
};

const client_kit& kit_of(int version)
{
    static const client_kit tls12{TLS1_2_VERSION};
    static const client_kit tls13{TLS1_3_VERSION};
    return version == TLS1_2_VERSION ? tls12 : tls13;
}

} // namespace

void prepare(int version)
{
    kit_of(version);
}

client::client(kernel& of, int descriptor, int version, bool resumes)
    : tcp_{of, descriptor},
      ssl_{SSL_new(kit_of(version).context.get())},
      to_client_{BIO_new(BIO_s_mem())},
      to_server_{BIO_new(BIO_s_mem())}
{
    BIO_set_mem_eof_return(to_client_, -1);
    SSL_set_bio(ssl_.get(), to_client_, to_server_);
    SSL_set_connect_state(ssl_.get());
    SSL_set_ex_data(ssl_.get(), slot(), this);
    SSL_set_info_callback(ssl_.get(), &client::note);
    if (resumes) {
        // A copy: OpenSSL marks a session as spoiled if its connection ends badly.
        SSL_SESSION* copy = SSL_SESSION_dup(kit_of(version).ticket.get());
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

bool client::write(std::size_t count)
{
    if (!is_established_ || said_goodbye() || is_cut_short_ || !tcp_.can_send() || has_failed_)
        return false;
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
