#include "tls/unverified_client.hpp"

#include "tls/odd_record.hpp"
#include "tls/openssl.hpp"

#include <openssl/err.h>

#include <array>
#include <limits>
#include <stdexcept>
#include <utility>

namespace ferrule::tls {

namespace {

/// Length-prefixed, as the extension has it (RFC 7301, section 3.1).
std::vector<unsigned char> protocol_list(const std::vector<std::string>& names)
{
    std::vector<unsigned char> list;
    for (const std::string& name : names) {
        if (name.empty() || name.size() > std::numeric_limits<unsigned char>::max())
            throw std::runtime_error("an ALPN name has 1 to 255 bytes");
        list.push_back(static_cast<unsigned char>(name.size()));
        list.insert(list.end(), name.begin(), name.end());
    }
    return list;
}

ssl_ctx_ptr make_context(const client_options& options)
{
    ssl_ctx_ptr context{SSL_CTX_new(TLS_client_method())};
    if (!context)
        throw std::runtime_error(take_failure().text);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_security_level(context.get(), 0);
    // Tickets are for those who come back.
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    if (SSL_CTX_set_min_proto_version(context.get(), options.version) != 1 ||
        SSL_CTX_set_max_proto_version(context.get(), options.version) != 1)
        throw std::runtime_error(take_failure().text);
    if ((!options.ciphers.empty() &&
         SSL_CTX_set_cipher_list(context.get(), options.ciphers.c_str()) != 1) ||
        (!options.groups.empty() &&
         SSL_CTX_set1_groups_list(context.get(), options.groups.c_str()) != 1))
        throw std::runtime_error(take_failure().text);
    return context;
}

} // namespace

unverified_client::unverified_client(const client_options& options)
{
    const ssl_ctx_ptr context = make_context(options);
    const std::vector<unsigned char> protocols = protocol_list(options.alpn);
    if (options.keeps_secret)
        SSL_CTX_set_keylog_callback(context.get(), &unverified_client::keep_secret);
    const std::unique_ptr<SSL, released_by<SSL_free>> made{SSL_new(context.get())};
    bio_ptr in{BIO_new(BIO_s_mem())};
    bio_ptr out{BIO_new(BIO_s_mem())};
    if (!made || !in || !out)
        throw std::runtime_error(take_failure().text);
    // An empty BIO means "wait", never "the end": ends are the caller's to see.
    BIO_set_mem_eof_return(in.get(), -1);
    SSL_set_bio(made.get(), in.release(), out.release());
    SSL_set_connect_state(made.get());
    if (!options.server_name.empty() &&
        SSL_set_tlsext_host_name(made.get(), options.server_name.c_str()) != 1)
        throw std::runtime_error("the server name has 1 to 255 bytes");
    // Unlike most of OpenSSL, this one returns 0 if it worked.
    if (!protocols.empty() && SSL_set_alpn_protos(made.get(), protocols.data(),
                                                  static_cast<unsigned>(protocols.size())) != 0)
        throw std::runtime_error(take_failure().text);
    if (SSL_set_app_data(made.get(), this) != 1)
        throw std::runtime_error(take_failure().text);
    SSL_set_info_callback(made.get(), &unverified_client::watch_alerts);
    SSL_up_ref(made.get());
    ssl_ = made.get();
}

unverified_client::~unverified_client()
{
    SSL_free(ssl_);
}

void unverified_client::watch_alerts(const SSL* ssl, int where, int value)
{
    constexpr int description = 0xff;
    if ((where & SSL_CB_READ_ALERT) != SSL_CB_READ_ALERT ||
        (value & description) == SSL_AD_CLOSE_NOTIFY)
        return;
    static_cast<unverified_client*>(SSL_get_app_data(ssl))->alert_ =
        SSL_alert_desc_string_long(value);
}

void unverified_client::keep_secret(const SSL* ssl, const char* line)
{
    if (auto secret = client_secret_in(line); !secret.empty())
        static_cast<unverified_client*>(SSL_get_app_data(ssl))->secret_ = std::move(secret);
}

void unverified_client::fail()
{
    detail_ = take_failure().text;
}

handshake_progress unverified_client::handshake()
{
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_);
    if (result == 1)
        return handshake_progress::done;
    if (SSL_get_error(ssl_, result) == SSL_ERROR_WANT_READ)
        return handshake_progress::blocked;
    fail();
    return handshake_progress::failed;
}

read_result unverified_client::read(std::span<std::byte> room)
{
    ERR_clear_error();
    std::size_t count = 0;
    const int result = SSL_read_ex(ssl_, room.data(), room.size(), &count);
    if (result == 1)
        return {count, read_progress::more};
    switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ: return {0, read_progress::blocked};
    case SSL_ERROR_ZERO_RETURN: return {0, read_progress::close_notify};
    default: fail(); return {0, read_progress::failed};
    }
}

bool unverified_client::write(std::span<const std::byte> bytes)
{
    ERR_clear_error();
    std::size_t written = 0;
    if (bytes.empty() || SSL_write_ex(ssl_, bytes.data(), bytes.size(), &written) == 1)
        return true;
    fail();
    return false;
}

bool unverified_client::finish()
{
    ERR_clear_error();
    // 0: ours is out, the peer's has not come. A negative result is about reading the peer's.
    if (SSL_shutdown(ssl_) >= 0)
        return true;
    fail();
    return false;
}

void unverified_client::put_in(std::span<const std::byte> ciphertext)
{
    std::size_t written = 0;
    if (BIO_write_ex(SSL_get_rbio(ssl_), ciphertext.data(), ciphertext.size(), &written) != 1)
        throw std::runtime_error("out of memory");
}

std::vector<std::byte> unverified_client::take_out()
{
    std::vector<std::byte> bytes(BIO_ctrl_pending(SSL_get_wbio(ssl_)));
    std::size_t count = 0;
    if (!bytes.empty() && BIO_read_ex(SSL_get_wbio(ssl_), bytes.data(), bytes.size(), &count) != 1)
        count = 0;
    bytes.resize(count);
    return bytes;
}

std::string_view unverified_client::cipher() const
{
    const SSL_CIPHER* const cipher = SSL_get_current_cipher(ssl_);
    return cipher == nullptr ? "" : SSL_CIPHER_get_name(cipher);
}

std::string unverified_client::alpn() const
{
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_, &name, &size);
    return name == nullptr ? std::string{} : std::string{reinterpret_cast<const char*>(name), size};
}

} // namespace ferrule::tls
