#include "tls/trial_client.hpp"

#include "tls/openssl.hpp"

#include <openssl/err.h>

#include <array>
#include <stdexcept>

namespace ferrule::tls {

namespace {

using ssl_ptr = std::unique_ptr<SSL, released_by<SSL_free>>;

void require(bool went_well, const char* what)
{
    if (!went_well)
        throw std::runtime_error(std::string("client of the self-test: ") + what + ": " +
                                 take_failure().text);
}

} // namespace

struct trial_client::objects {
    ssl_ctx_ptr context;
    ssl_ptr ssl;
    BIO* in = nullptr;  ///< the SSL's
    BIO* out = nullptr; ///< the SSL's
};

trial_client::trial_client(int version, const std::string& groups)
    : tls_{std::make_unique<objects>()}
{
    tls_->context.reset(SSL_CTX_new(TLS_client_method()));
    require(tls_->context != nullptr, "context");
    SSL_CTX* const context = tls_->context.get();
    // Whatever the listener is configured for: it is not this client's place to refuse.
    SSL_CTX_set_security_level(context, 0);
    require(SSL_CTX_set_min_proto_version(context, version) == 1 &&
                SSL_CTX_set_max_proto_version(context, version) == 1 &&
                SSL_CTX_set_cipher_list(context, "ALL") == 1 &&
                SSL_CTX_set1_groups_list(context, groups.c_str()) == 1,
            "options");
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
    tls_->ssl.reset(SSL_new(context));
    tls_->in = BIO_new(BIO_s_mem());
    tls_->out = BIO_new(BIO_s_mem());
    if (tls_->ssl == nullptr || tls_->in == nullptr || tls_->out == nullptr) {
        BIO_free(tls_->in);
        BIO_free(tls_->out);
        require(false, "memory");
    }
    BIO_set_mem_eof_return(tls_->in, -1); // empty is not an end
    SSL_set_bio(tls_->ssl.get(), tls_->in, tls_->out);
    SSL_set_connect_state(tls_->ssl.get());
}

trial_client::~trial_client() = default;

bool trial_client::is_established() const noexcept
{
    return SSL_is_init_finished(tls_->ssl.get()) == 1;
}

void trial_client::take(std::span<const std::byte> ciphertext)
{
    require(BIO_write(tls_->in, ciphertext.data(), static_cast<int>(ciphertext.size())) ==
                static_cast<int>(ciphertext.size()),
            "memory");
    if (!is_established())
        handshake();
    if (is_established() && !failed_ && !close_notify_)
        read();
}

std::vector<std::byte> trial_client::to_send()
{
    std::vector<std::byte> bytes(BIO_ctrl_pending(tls_->out));
    if (!bytes.empty())
        require(BIO_read(tls_->out, bytes.data(), static_cast<int>(bytes.size())) ==
                    static_cast<int>(bytes.size()),
                "memory");
    return bytes;
}

void trial_client::handshake()
{
    ERR_clear_error(); // of whatever this thread did before
    if (!failed_ && SSL_do_handshake(tls_->ssl.get()) != 1)
        note_failure();
}

void trial_client::write(std::size_t count)
{
    const std::vector<char> bytes(count, 'x');
    std::size_t written = 0;
    require(SSL_write_ex(tls_->ssl.get(), bytes.data(), bytes.size(), &written) == 1 &&
                written == count,
            "write");
}

void trial_client::finish()
{
    if (!failed_)
        require(SSL_shutdown(tls_->ssl.get()) >= 0, "close_notify");
}

void trial_client::read()
{
    std::array<std::byte, 16384> room;
    std::size_t got = 0;
    ERR_clear_error();
    while (SSL_read_ex(tls_->ssl.get(), room.data(), room.size(), &got) == 1)
        bytes_ += got;
    note_failure();
}

/// Tells a wait for more ciphertext, a close_notify and a failure apart.
void trial_client::note_failure()
{
    switch (SSL_get_error(tls_->ssl.get(), 0)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: break;
    case SSL_ERROR_ZERO_RETURN: close_notify_ = true; break;
    default: {
        const failure why = take_failure();
        failed_ = true;
        detail_ = why.text;
        alert_ = why.library == ERR_LIB_SSL && why.reason >= SSL_AD_REASON_OFFSET;
        break;
    }
    }
}

} // namespace ferrule::tls
