// Owning pointers for OpenSSL's objects, and its error queue as one readable reason.
// Only for files of this folder.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace ferrule::tls {

/// A deleter made from one of OpenSSL's …_free functions.
template <auto Free>
struct released_by {
    template <typename Object>
    void operator()(Object* object) const noexcept
    {
        Free(object);
    }
};

using bio_ptr = std::unique_ptr<BIO, released_by<BIO_free_all>>;
using certificate_ptr = std::unique_ptr<X509, released_by<X509_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, released_by<EVP_PKEY_free>>;
using ssl_ctx_ptr = std::unique_ptr<SSL_CTX, released_by<SSL_CTX_free>>;

/// A new context for servers. Throws std::runtime_error.
ssl_ctx_ptr new_context();

/// A context of this thread in which a setting may be tried: none may rely on what it holds. A new
/// one each time would cost more than the certificate of a listener. Throws std::runtime_error.
SSL_CTX* context_for_trying();

/// A read-only view of `text` as a BIO; `text` must outlive it. Throws std::runtime_error.
bio_ptr reading_from(const std::string& text);

/// What OpenSSL says about the failure that just happened on this thread.
struct failure {
    int library = 0; ///< ERR_LIB_…; 0: OpenSSL gave no reason
    int reason = 0;  ///< the library's …_R_… number
    std::string text;
};

/// Takes the oldest error of this thread's queue (later ones only say who passed it on) and empties
/// the queue, so that no later SSL_get_error reads somebody else's failure (SSL_get_error(3)).
failure take_failure();

} // namespace ferrule::tls
