#include "tls_context.hpp"

#include "fail.hpp"

namespace load {
namespace {

// TLS 1.2 wants the curve of the certificate in the list as well (RFC 8422, 5.1.1).
constexpr const char* groups = "X25519:P-256";
constexpr const char* ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";

int take_ticket(SSL* ssl, SSL_SESSION* session)
{
    auto& all = *static_cast<crowd*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    all.tickets.put(session);
    return 1;
}

int take_any_certificate(X509_STORE_CTX*, void*)
{
    return 1;
}

void choose(SSL_CTX* context, const std::string& version)
{
    const int number = version == "1.2" ? TLS1_2_VERSION : TLS1_3_VERSION;
    require(context != nullptr && SSL_CTX_set_min_proto_version(context, number) == 1 &&
                SSL_CTX_set_max_proto_version(context, number) == 1 &&
                SSL_CTX_set1_groups_list(context, groups) == 1 &&
                SSL_CTX_set_cipher_list(context, ciphers) == 1 &&
                SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") == 1,
            "SSL_CTX");
}

} // namespace

SSL_CTX* client_context(const std::string& version, crowd& all, bool is_memory_scarce)
{
    if (version == "off")
        return nullptr;
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    choose(context, version);
    SSL_CTX_set_app_data(context, &all);
    SSL_CTX_set_cert_verify_callback(context, take_any_certificate, nullptr);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, take_ticket);
    if (is_memory_scarce)
        SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    return context;
}

SSL_CTX* server_context(const std::string& version, const std::string& certificate,
                        const std::string& key)
{
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    choose(context, version);
    require(SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) == 1 &&
                SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1,
            "the certificate and its key");
    SSL_CTX_set_num_tickets(context, 1);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    return context;
}

} // namespace load
