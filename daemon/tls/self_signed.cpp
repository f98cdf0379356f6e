#include "tls/self_signed.hpp"

#include "tls/openssl.hpp"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace ferrule::tls {

namespace {

using extension_ptr = std::unique_ptr<X509_EXTENSION, released_by<X509_EXTENSION_free>>;
using number_ptr = std::unique_ptr<BIGNUM, released_by<BN_free>>;

void require(bool went_well, const char* what)
{
    if (!went_well)
        throw std::runtime_error(std::string("self-signed certificate: ") + what + ": " +
                                 take_failure().text);
}

/// Random, so that a browser never meets the same issuer and serial with another key; positive and
/// 128 bits long, within the 20 bytes that RFC 5280 4.1.2.2 allows.
void set_serial(X509* certificate)
{
    const number_ptr number(BN_new());
    require(number && BN_rand(number.get(), 128, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
                BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr,
            "serial");
}

void set_validity(X509* certificate, int days)
{
    constexpr long hour = 3600;
    // From an hour ago, for clients whose clocks are late.
    require(X509_gmtime_adj(X509_getm_notBefore(certificate), -hour) != nullptr &&
                X509_time_adj_ex(X509_getm_notAfter(certificate), days, 0, nullptr) != nullptr,
            "validity");
}

void set_names(X509* certificate)
{
    // The name belongs to the certificate.
    X509_NAME* const name = X509_get_subject_name(certificate);
    const std::string host = "localhost";
    require(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                       reinterpret_cast<const unsigned char*>(host.data()),
                                       static_cast<int>(host.size()), -1, 0) == 1 &&
                X509_set_issuer_name(certificate, name) == 1,
            "name");
}

void add_extension(X509* certificate, int kind, const char* value)
{
    X509V3_CTX about{};
    X509V3_set_ctx(&about, certificate, certificate, nullptr, nullptr, 0);
    const extension_ptr extension(X509V3_EXT_conf_nid(nullptr, &about, kind, value));
    require(extension && X509_add_ext(certificate, extension.get(), -1) == 1, value);
}

std::string text_in(BIO* bio)
{
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    return {text, static_cast<std::size_t>(size)};
}

} // namespace

key_pair make_self_signed(int days)
{
    const key_ptr key(EVP_EC_gen("P-256"));
    require(key != nullptr, "key");
    const certificate_ptr certificate(X509_new());
    require(certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                X509_set_pubkey(certificate.get(), key.get()) == 1,
            "certificate");
    set_serial(certificate.get());
    set_validity(certificate.get(), days);
    set_names(certificate.get());
    // A leaf, not a CA: whoever trusts this certificate trusts it for these names only.
    add_extension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE");
    add_extension(certificate.get(), NID_key_usage, "critical,digitalSignature");
    add_extension(certificate.get(), NID_ext_key_usage, "serverAuth");
    add_extension(certificate.get(), NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1");
    require(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0, "signature");

    // OpenSSL clears a memory BIO's bytes when it frees them.
    const bio_ptr certificate_out(BIO_new(BIO_s_mem()));
    const bio_ptr key_out(BIO_new(BIO_s_mem()));
    require(certificate_out && key_out &&
                PEM_write_bio_X509(certificate_out.get(), certificate.get()) == 1 &&
                PEM_write_bio_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                         nullptr) == 1,
            "PEM");
    return {text_in(certificate_out.get()), text_in(key_out.get())};
}

} // namespace ferrule::tls
