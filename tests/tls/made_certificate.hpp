// Certificates as a test wishes them: names, dates, keys and issuers that no authority would sign.
#pragma once

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <cstdint>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <string>

namespace ferrule::test {

struct made_certificate {
    std::shared_ptr<X509> certificate;
    std::shared_ptr<EVP_PKEY> key;
    std::string certificate_pem;
    std::string key_pem;
};

/// 2026-01-02 03:04:05 UTC: what most of these tests call "now".
inline constexpr std::int64_t some_day = 1767323045;
inline constexpr std::int64_t one_day = 24 * 3600;

struct certificate_wish {
    std::string name = "test.example";
    int rsa_bits = 0; ///< 0: a key on `curve`
    const char* curve = "P-256";
    std::int64_t begin = some_day - 30 * one_day;
    std::int64_t end = some_day + 60 * one_day;
    const made_certificate* issuer = nullptr; ///< nullptr: self-signed
    const EVP_MD* digest = EVP_sha256();
};

template <typename Write>
std::string pem_text(Write write)
{
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
    if (!out || write(out.get()) != 1)
        throw std::runtime_error("cannot write PEM");
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

inline made_certificate make_certificate(const certificate_wish& wish)
{
    EVP_PKEY* const key = wish.rsa_bits == 0
                              ? EVP_EC_gen(wish.curve)
                              : EVP_RSA_gen(static_cast<unsigned int>(wish.rsa_bits));
    made_certificate made;
    made.key = {key, EVP_PKEY_free};
    made.certificate = {X509_new(), X509_free};
    X509* const certificate = made.certificate.get();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), 0xABCD);
    ASN1_TIME_set(X509_getm_notBefore(certificate), static_cast<std::time_t>(wish.begin));
    ASN1_TIME_set(X509_getm_notAfter(certificate), static_cast<std::time_t>(wish.end));
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(wish.name.data()),
                               static_cast<int>(wish.name.size()), -1, 0);
    X509_set_pubkey(certificate, key);
    const made_certificate& signer = wish.issuer != nullptr ? *wish.issuer : made;
    X509_set_issuer_name(certificate, X509_get_subject_name(signer.certificate.get()));
    if (key == nullptr || X509_sign(certificate, signer.key.get(), wish.digest) <= 0)
        throw std::runtime_error("cannot make a certificate");
    made.certificate_pem = pem_text([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
    made.key_pem = pem_text([&](BIO* out) {
        return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
    return made;
}

} // namespace ferrule::test
