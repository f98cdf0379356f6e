// A tls::channel and an OpenSSL client that talk through memory: no socket, no thread, no clock.
#pragma once

#include "tls/channel.hpp"
#include "tls/context.hpp"
#include "tls/conversation.hpp"
#include "tls/good_options.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ferrule::test {

inline std::string text_of(std::span<const std::byte> bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A client of one version and, in each version, one cipher: what `forger` can speak, too.
inline client_context make_plain_client(int version)
{
    client_context made = make_client(version, version);
    SSL_CTX_set_cipher_list(made.get(), "ECDHE-ECDSA-AES128-GCM-SHA256");
    SSL_CTX_set_ciphersuites(made.get(), "TLS_AES_128_GCM_SHA256");
    return made;
}

class talk {
public:
    talk(SSL_CTX* client, SSL_CTX* server, tls::channel_limits limits = {})
        : client_{SSL_new(client)}, channel_{std::make_unique<tls::channel>(server, wire, limits)}
    {
        to_client_ = BIO_new(BIO_s_mem());
        to_server_ = BIO_new(BIO_s_mem());
        SSL_set_bio(client_.get(), to_client_, to_server_);
        SSL_set_connect_state(client_.get());
        SSL_set_ex_data(client_.get(), slot(), this);
        SSL_set_info_callback(client_.get(), note);
        SSL_set_msg_callback(client_.get(), count_key_updates);
        SSL_set_msg_callback_arg(client_.get(), this);
        SSL_CTX_set_keylog_callback(client, keep_secret);
    }

    SSL* client() const { return client_.get(); }
    tls::channel& server() { return *channel_; }
    void destroy_server() { channel_.reset(); }

    // --- ciphertext ---

    /// What the client has written since the last time.
    std::string from_client()
    {
        std::string bytes(BIO_ctrl_pending(to_server_), '\0');
        if (!bytes.empty())
            BIO_read(to_server_, bytes.data(), static_cast<int>(bytes.size()));
        return bytes;
    }

    /// Puts bytes behind those that are still on the wire.
    void give(std::string_view bytes)
    {
        std::string rest = text_of(wire.in);
        rest += bytes;
        in_ = std::move(rest);
        wire.in = std::as_bytes(std::span{in_.data(), in_.size()});
    }

    /// Takes what the channel has put on the wire.
    std::string from_server()
    {
        const std::string bytes = text_of(wire.out);
        wire.out.clear();
        return bytes;
    }

    void give_client(const std::string& bytes)
    {
        if (!bytes.empty())
            BIO_write(to_client_, bytes.data(), static_cast<int>(bytes.size()));
    }

    // --- plaintext ---

    /// True once both are done. What the client wrote last is given in one piece, `behind` it.
    bool shake_hands(const std::string& behind = "")
    {
        for (int turn = 0; turn < 4; ++turn) {
            const bool client_done = SSL_do_handshake(client()) == 1;
            if (client_done && !behind.empty() && !wrote_behind_) {
                wrote_behind_ = true;
                SSL_write(client(), behind.data(), static_cast<int>(behind.size()));
            }
            give(from_client());
            const auto progress = server().handshake();
            give_client(from_server());
            if (progress == tls::handshake_progress::failed)
                return false;
            if (progress == tls::handshake_progress::done && SSL_do_handshake(client()) == 1) {
                client_reads(); // the tickets
                return true;
            }
        }
        return false;
    }

    void client_writes(const std::string& text)
    {
        SSL_write(client(), text.data(), static_cast<int>(text.size()));
    }

    /// All that the client has to read; then "END" for a close_notify, "FAILED" for anything else
    /// but an end of the input.
    std::string client_reads()
    {
        ERR_clear_error();
        std::string all;
        std::string room(20000, '\0');
        for (;;) {
            const int size = SSL_read(client(), room.data(), static_cast<int>(room.size()));
            if (size > 0) {
                all.append(room, 0, static_cast<std::size_t>(size));
                continue;
            }
            const int why = SSL_get_error(client(), size);
            ERR_clear_error();
            if (why == SSL_ERROR_WANT_READ)
                return all;
            return all + (why == SSL_ERROR_ZERO_RETURN ? "END" : "FAILED");
        }
    }

    /// One read of the channel into `size` bytes: the text, then "|" for blocked, "+" for more,
    /// "END" for a close_notify, "FAILED".
    std::string server_reads(std::size_t size = 65536)
    {
        std::string room(size, '\0');
        const tls::read_result got = server().read(std::as_writable_bytes(std::span{room}));
        room.resize(got.bytes);
        switch (got.progress) {
        case tls::read_progress::blocked: return room + "|";
        case tls::read_progress::more: return room + "+";
        case tls::read_progress::close_notify: return room + "END";
        case tls::read_progress::failed: return room + "FAILED";
        }
        return room;
    }

    /// The client writes, the channel reads it.
    std::string server_reads_after(const std::string& text)
    {
        client_writes(text);
        give(from_client());
        return server_reads();
    }

    tls::saying server_says(const std::string& text)
    {
        return server().write(std::as_bytes(std::span{text.data(), text.size()}));
    }

    [[nodiscard]] bool server_writes(const std::string& text)
    {
        return server_says(text) == tls::saying::open;
    }

    [[nodiscard]] bool server_finishes() { return server().finish() == tls::saying::finished; }

    tls::wire wire;
    std::string client_secret; ///< of TLS 1.3, for application data (RFC 8446 7.1)
    int key_updates_to_client = 0;
    int alert_to_client = 0; ///< level << 8 | description, the last one that the client read

private:
    static int slot()
    {
        static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
        return index;
    }

    static void note(const SSL* who, int what, int value)
    {
        if ((what & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT)
            static_cast<talk*>(SSL_get_ex_data(who, slot()))->alert_to_client = value;
    }

    static void count_key_updates(int is_written, int, int type, const void* message,
                                  std::size_t size, SSL*, void* self)
    {
        if (is_written == 0 && type == SSL3_RT_HANDSHAKE && size > 0 &&
            *static_cast<const unsigned char*>(message) == SSL3_MT_KEY_UPDATE)
            ++static_cast<talk*>(self)->key_updates_to_client;
    }

    static void keep_secret(const SSL* who, const char* line)
    {
        const std::string_view text = line;
        if (!text.starts_with("CLIENT_TRAFFIC_SECRET_0 "))
            return;
        std::string& secret = static_cast<talk*>(SSL_get_ex_data(who, slot()))->client_secret;
        const std::string hex{text.substr(text.rfind(' ') + 1)};
        for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
            secret.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    }

    std::string in_;
    ssl_ptr client_;
    std::unique_ptr<tls::channel> channel_;
    BIO* to_client_;
    BIO* to_server_;
    bool wrote_behind_ = false;
};

/// Records as they stand one behind the other: their content types as OpenSSL numbers them (in TLS
/// 1.3 every protected record says 23). -1 for what is no whole record.
inline std::vector<int> types_of_records(std::string_view bytes)
{
    std::vector<int> types;
    while (!bytes.empty()) {
        const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
        const std::size_t size = bytes.size() < 5 ? 0 : 5U + at(3) * 256U + at(4);
        if (size == 0 || size > bytes.size()) {
            types.push_back(-1);
            break;
        }
        types.push_back(at(0));
        bytes.remove_prefix(size);
    }
    return types;
}

} // namespace ferrule::test
