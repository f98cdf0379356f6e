// What is random or depends on the date in OpenSSL, made the same in every run.

// RAND_set_rand_method has no successor that could be installed from a program without a provider.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "config/settings.hpp"
#include "simulation/client.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <array>
#include <stdexcept>

namespace ferrule::simulation {

namespace {

dice& openssl_dice()
{
    static dice only{1};
    return only;
}

int fill(unsigned char* bytes, int count)
{
    std::uint64_t drawn = 0;
    for (int i = 0; i < count; ++i) {
        if (i % 8 == 0)
            drawn = openssl_dice().next();
        bytes[i] = static_cast<unsigned char>(drawn >> (8U * (static_cast<unsigned>(i) % 8U)));
    }
    return 1;
}

int always()
{
    return 1;
}

template <typename Write>
std::string as_pem(Write write)
{
    std::unique_ptr<BIO, decltype(&BIO_free)> memory{BIO_new(BIO_s_mem()), &BIO_free};
    if (write(memory.get()) != 1)
        throw std::runtime_error("no PEM");
    char* text = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

/// Ed25519: quick, and its signatures all have the same size.
tls::context_options make_options()
{
    std::array<unsigned char, 32> secret{};
    secret.fill(7);
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, secret.data(), secret.size()),
        &EVP_PKEY_free};
    std::unique_ptr<X509, decltype(&X509_free)> made{X509_new(), &X509_free};
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
    ASN1_TIME_set_string(X509_getm_notBefore(made.get()), "20200101000000Z");
    ASN1_TIME_set_string(X509_getm_notAfter(made.get()), "20991231235959Z");
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("simulation"), -1, -1, 0);
    X509_set_issuer_name(made.get(), X509_get_subject_name(made.get()));
    X509_set_pubkey(made.get(), key.get());
    if (X509_sign(made.get(), key.get(), nullptr) == 0)
        throw std::runtime_error("the certificate cannot be signed");
    tls::context_options options;
    options.certificate_pem =
        as_pem([&](BIO* into) { return PEM_write_bio_X509(into, made.get()); });
    options.key_pem = as_pem([&](BIO* into) {
        return PEM_write_bio_PrivateKey(into, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
    options.groups = config::default_groups;
    options.session_id_context = "web";
    return options;
}

} // namespace

void seed_openssl(std::uint64_t seed)
{
    static const RAND_METHOD method{nullptr, fill, nullptr, nullptr, fill, always};
    openssl_dice() = dice{seed};
    RAND_set_rand_method(&method);
}

std::shared_ptr<tls::context> server_context()
{
    static const auto made = [] {
        auto context = std::make_shared<tls::context>(make_options());
        // Tickets outlive a night's run.
        SSL_CTX_set_timeout(context->native(), 7 * 24 * 3600);
        return context;
    }();
    return made;
}

} // namespace ferrule::simulation
