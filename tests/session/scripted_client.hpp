// A TLS client, driven by a script: OpenSSL over memory, the script's hand on every byte.
//
// What goes wrong is written down, not reported: a script goes on as far as it can.
#pragma once

#include "session/raw_peer.hpp"
#include "tls/conversation.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace ferrule::test {

class scripted_client {
public:
    /// `version`: TLS1_2_VERSION or TLS1_3_VERSION. `resumes`: with the last ticket that such a
    /// client got, if there is one (an abbreviated handshake takes a third of the time).
    scripted_client(int version, bool resumes) : ssl_{SSL_new(context_of(version))}
    {
        to_client_ = BIO_new(BIO_s_mem());
        to_server_ = BIO_new(BIO_s_mem());
        BIO_set_mem_eof_return(to_client_, -1);
        SSL_set_bio(ssl_.get(), to_client_, to_server_);
        SSL_set_connect_state(ssl_.get());
        SSL_set_ex_data(ssl_.get(), slot(), this);
        SSL_set_info_callback(ssl_.get(), note);
        if (resumes && ticket_of(version))
            SSL_set_session(ssl_.get(), session_ptr{copy_of(ticket_of(version).get())}.get());
    }

    // --- what it does ---

    /// `window` as in make_tcp_socket.
    void connect(std::uint16_t port, int window = 0)
    {
        net::descriptor socket = make_tcp_socket(window);
        const sockaddr_in where = loopback_port(port);
        if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&where), sizeof(where)) !=
                0 &&
            errno != EINPROGRESS)
            fail("connect");
        tcp_.use(std::move(socket));
    }

    /// Says ClientHello. `greeting` is sent in one segment with what the client says last in the
    /// handshake, and so are, if it `leaves`, close_notify and FIN.
    void shake_hands(std::string_view greeting = {}, bool leaves = false)
    {
        greeting_ = greeting;
        leaves_ = leaves;
        has_begun_ = true;
        pump();
        go_on();
    }

    /// Bytes that need not be TLS.
    void send_raw(std::string_view bytes) { tcp_.send(bytes); }

    void send(std::string_view text)
    {
        if (write(text)) {
            sent_ += text;
            flush();
        }
    }

    /// The text, close_notify and FIN in one segment.
    void send_and_leave(std::string_view text)
    {
        if (write(text))
            sent_ += text;
        close_notify();
        flush();
        tcp_.finish();
    }

    /// A record in which one bit is wrong; garbage before there are records.
    void send_spoiled_record(std::string_view text)
    {
        has_spoiled_ = has_spoiled_ || (tcp_.can_send() && !said_goodbye_);
        std::string record =
            write(text) ? from_openssl() : std::string(said_goodbye_ ? 0 : 11, 'x');
        if (!record.empty())
            record.back() = static_cast<char>(record.back() ^ 1);
        tcp_.send(record);
    }

    /// The text as it goes over the wire, for `send_raw`.
    std::string record_of(std::string_view text)
    {
        if (!write(text))
            return {};
        sent_ += text;
        return from_openssl();
    }

    void send_half_a_record(std::string_view text)
    {
        const std::string record = write(text) ? from_openssl() : std::string{};
        tcp_.send(std::string_view{record}.substr(0, record.size() / 2));
    }

    /// A KeyUpdate that asks for ours (TLS 1.3), sent with what is sent next.
    void hold_key_update()
    {
        if (SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED) == 1)
            SSL_do_handshake(ssl_.get());
    }

    void say_goodbye()
    {
        close_notify();
        flush();
    }

    /// FIN, whether it has said goodbye or not.
    void finish() { tcp_.finish(); }
    void reset() { tcp_.reset(); }
    void stop_reading() { tcp_.set_appetite(0); }
    /// Reads what is there now, and nothing more.
    void gulp()
    {
        tcp_.gulp();
        pump();
    }
    void read_on() { tcp_.set_appetite(raw_peer::everything); }

    bool pump()
    {
        const bool moved = tcp_.pump();
        if (const std::string bytes = tcp_.take(); !bytes.empty()) {
            BIO_write(to_client_, bytes.data(), static_cast<int>(bytes.size()));
            go_on();
        }
        return moved;
    }

    // --- what it saw ---

    bool is_established() const { return is_established_; }
    const std::string& sent() const { return sent_; }
    const std::string& received() const { return received_; }
    bool said_goodbye() const { return said_goodbye_; }
    bool has_spoiled() const { return has_spoiled_; }
    bool saw_close_notify() const { return saw_close_notify_; }
    bool saw_bytes_behind_close_notify() const { return saw_bytes_behind_close_notify_; }
    bool saw_alert() const { return saw_alert_; }
    /// The server broke TLS, as this client sees it.
    bool has_failed() const { return has_failed_; }
    bool saw_fin() const { return tcp_.saw_fin(); }
    bool saw_reset() const { return tcp_.saw_reset(); }
    const raw_peer& tcp() const { return tcp_; }

    pollfd waited() const { return tcp_.waited(); }

private:
    static SSL_CTX* context_of(int version)
    {
        static const client_context tls12 = make_one(TLS1_2_VERSION);
        static const client_context tls13 = make_one(TLS1_3_VERSION);
        return version == TLS1_2_VERSION ? tls12.get() : tls13.get();
    }

    static client_context make_one(int version)
    {
        client_context made = make_client(version, version);
        SSL_CTX_set_session_cache_mode(made.get(),
                                       SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
        SSL_CTX_sess_set_new_cb(made.get(), [](SSL* who, SSL_SESSION* ticket) {
            ticket_of(SSL_version(who)).reset(copy_of(ticket));
            return 0;
        });
        return made;
    }

    /// OpenSSL marks a session as spoiled if its connection ends without a close_notify.
    static SSL_SESSION* copy_of(SSL_SESSION* ticket) { return SSL_SESSION_dup(ticket); }

    static session_ptr& ticket_of(int version)
    {
        static session_ptr tls12;
        static session_ptr tls13;
        return version == TLS1_2_VERSION ? tls12 : tls13;
    }

    static int slot()
    {
        static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
        return index;
    }

    static void note(const SSL* who, int what, int value)
    {
        // The level stands in the high byte; a close_notify is a warning.
        if ((what & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && (value >> 8) == SSL3_AL_FATAL)
            static_cast<scripted_client*>(SSL_get_ex_data(who, slot()))->saw_alert_ = true;
    }

    bool write(std::string_view text)
    {
        if (!is_established_ || said_goodbye_ || !tcp_.can_send())
            return false;
        ERR_clear_error();
        return SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) ==
               static_cast<int>(text.size());
    }

    void close_notify()
    {
        if (!is_established_ || said_goodbye_ || !tcp_.can_send())
            return;
        ERR_clear_error();
        said_goodbye_ = SSL_shutdown(ssl_.get()) >= 0;
    }

    std::string from_openssl()
    {
        std::string bytes(BIO_ctrl_pending(to_server_), '\0');
        if (!bytes.empty())
            BIO_read(to_server_, bytes.data(), static_cast<int>(bytes.size()));
        return bytes;
    }

    void flush()
    {
        if (const std::string bytes = from_openssl(); !bytes.empty())
            tcp_.send(bytes);
    }

    /// Goes on with what OpenSSL has.
    void go_on()
    {
        ERR_clear_error();
        if (has_begun_ && !is_established_ && !has_failed_) {
            const int done = SSL_do_handshake(ssl_.get());
            is_established_ = done == 1;
            has_failed_ = done != 1 && SSL_get_error(ssl_.get(), done) != SSL_ERROR_WANT_READ;
            if (is_established_ && !greeting_.empty() && write(greeting_))
                sent_ += greeting_;
            if (leaves_)
                close_notify();
            flush();
            if (is_established_ && leaves_)
                tcp_.finish();
        }
        if (is_established_)
            read();
    }

    void read()
    {
        static std::vector<char> room(20'000);
        while (!has_failed_) {
            ERR_clear_error();
            const int count = SSL_read(ssl_.get(), room.data(), static_cast<int>(room.size()));
            if (count > 0) {
                received_.append(room.data(), static_cast<std::size_t>(count));
                continue;
            }
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

    ssl_ptr ssl_;
    BIO* to_client_; ///< owned by ssl_
    BIO* to_server_; ///< owned by ssl_
    raw_peer tcp_;
    std::string greeting_;
    std::string sent_;
    std::string received_;
    bool has_begun_ = false;
    bool leaves_ = false;
    bool is_established_ = false;
    bool said_goodbye_ = false;
    bool has_spoiled_ = false;
    bool saw_close_notify_ = false;
    bool saw_bytes_behind_close_notify_ = false;
    bool saw_alert_ = false;
    bool has_failed_ = false;
};

} // namespace ferrule::test
