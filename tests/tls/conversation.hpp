// A client and a server of OpenSSL that talk through memory: no socket, no thread, no clock.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace ferrule::test {

template <auto Free>
struct freed_by {
    template <typename Object>
    void operator()(Object* object) const noexcept
    {
        Free(object);
    }
};

using ssl_ptr = std::unique_ptr<SSL, freed_by<SSL_free>>;
using session_ptr = std::unique_ptr<SSL_SESSION, freed_by<SSL_SESSION_free>>;
using client_context = std::unique_ptr<SSL_CTX, freed_by<SSL_CTX_free>>;

/// A client that trusts everybody and takes tickets.
inline client_context make_client(int lowest = TLS1_2_VERSION, int highest = TLS1_3_VERSION)
{
    client_context made(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_min_proto_version(made.get(), lowest);
    SSL_CTX_set_max_proto_version(made.get(), highest);
    return made;
}

class conversation {
public:
    conversation(SSL_CTX* client, SSL_CTX* server)
        : client_(SSL_new(client)), server_(SSL_new(server))
    {
        BIO* const to_server = BIO_new(BIO_s_mem());
        BIO* const to_client = BIO_new(BIO_s_mem());
        BIO_up_ref(to_server);
        BIO_up_ref(to_client);
        SSL_set_bio(client_.get(), to_client, to_server);
        SSL_set_bio(server_.get(), to_server, to_client);
        SSL_set_connect_state(client_.get());
        SSL_set_accept_state(server_.get());
        SSL_set_ex_data(client_.get(), slot(), this);
        SSL_set_ex_data(server_.get(), slot(), this);
        SSL_set_info_callback(client_.get(), note);
        SSL_set_info_callback(server_.get(), note);
        SSL_set_msg_callback(client_.get(), count);
        SSL_set_msg_callback_arg(client_.get(), this);
    }

    SSL* client() const { return client_.get(); }
    SSL* server() const { return server_.get(); }

    /// True if both sides are done. Also takes what the server sends behind its handshake.
    bool shake_hands()
    {
        for (int turn = 0; turn < 10; ++turn) {
            SSL_do_handshake(client());
            SSL_do_handshake(server());
        }
        const bool done =
            SSL_is_init_finished(client()) == 1 && SSL_is_init_finished(server()) == 1;
        if (done)
            read(client());
        ERR_clear_error();
        return done;
    }

    /// What `reader` has to read now; its SSL_get_error is in `last_error`.
    std::string read(SSL* reader)
    {
        std::array<char, 256> bytes{};
        ERR_clear_error();
        const int size = SSL_read(reader, bytes.data(), static_cast<int>(bytes.size()));
        last_error = SSL_get_error(reader, size);
        return size > 0 ? std::string(bytes.data(), static_cast<std::size_t>(size)) : std::string();
    }

    static bool write(SSL* writer, const std::string& text)
    {
        return SSL_write(writer, text.data(), static_cast<int>(text.size())) ==
               static_cast<int>(text.size());
    }

    int last_error = SSL_ERROR_NONE;
    int alert_to_client = 0; ///< level << 8 | description, the last one that the server wrote
    int tickets = 0;         ///< NewSessionTicket messages that the client got

private:
    static int slot()
    {
        static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
        return index;
    }

    static void note(const SSL* who, int what, int value)
    {
        auto* const self = static_cast<conversation*>(SSL_get_ex_data(who, slot()));
        if ((what & SSL_CB_WRITE_ALERT) == SSL_CB_WRITE_ALERT && SSL_is_server(who) == 1)
            self->alert_to_client = value;
    }

    static void count(int is_written, int, int type, const void* message, std::size_t size, SSL*,
                      void* self)
    {
        if (is_written == 0 && type == SSL3_RT_HANDSHAKE && size > 0 &&
            *static_cast<const unsigned char*>(message) == SSL3_MT_NEWSESSION_TICKET)
            ++static_cast<conversation*>(self)->tickets;
    }

    ssl_ptr client_;
    ssl_ptr server_;
};

} // namespace ferrule::test
