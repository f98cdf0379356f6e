#include "tls/pem.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <ctime>
#include <string_view>

namespace ferrule::tls {

namespace {

bool holds(const std::string& text, std::string_view words)
{
    return text.find(words) != std::string::npos;
}

/// Called when something is encrypted. Refuses, so that OpenSSL does not ask on the terminal, and
/// notes that it was asked.
int refuse_passphrase(char*, int, int, void* was_asked)
{
    if (was_asked != nullptr)
        *static_cast<bool*>(was_asked) = true;
    return -1;
}

using number_ptr = std::unique_ptr<BIGNUM, released_by<BN_free>>;

void free_text(char* text)
{
    OPENSSL_free(text);
}

} // namespace

chain_reading read_chain(const std::string& pem)
{
    if (!holds(pem, "-----BEGIN "))
        return {{}, "is not PEM"};
    chain_reading chain;
    const bio_ptr text = reading_from(pem);
    while (certificate_ptr next{PEM_read_bio_X509(text.get(), nullptr, refuse_passphrase, nullptr)})
        chain.certificates.push_back(std::move(next));
    const failure end = take_failure();
    if (end.library != ERR_LIB_PEM || end.reason != PEM_R_NO_START_LINE) {
        const auto number = chain.certificates.size() + 1;
        return {{}, "certificate " + std::to_string(number) + " cannot be read: " + end.text};
    }
    if (chain.certificates.empty())
        return {{}, "holds no certificate"};
    return chain;
}

key_reading read_key(const std::string& pem)
{
    if (!holds(pem, "-----BEGIN "))
        return {nullptr, "is not PEM"};
    if (!holds(pem, "PRIVATE KEY-----"))
        return {nullptr, "holds no private key"};
    bool was_asked = false;
    const bio_ptr text = reading_from(pem);
    key_ptr key(PEM_read_bio_PrivateKey(text.get(), nullptr, refuse_passphrase, &was_asked));
    // A key in hand may have left errors of the decoders that were tried before the right one.
    const failure why = take_failure();
    if (was_asked)
        return {nullptr, "is encrypted with a passphrase; a key without one is needed"};
    if (!key)
        return {nullptr, "cannot be read: " + why.text};
    return {std::move(key), {}};
}

std::string subject_of(const X509& certificate)
{
    const bio_ptr out(BIO_new(BIO_s_mem()));
    // Not escaping bytes above 127 keeps names readable that are not written in ASCII.
    constexpr unsigned long format =
        XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
    if (!out || X509_NAME_print_ex(out.get(), X509_get_subject_name(&certificate), 0, format) < 0) {
        ERR_clear_error();
        return {};
    }
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

std::string serial_of(const X509& certificate)
{
    const number_ptr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(&certificate), nullptr));
    const std::unique_ptr<char, released_by<free_text>> text(number ? BN_bn2hex(number.get())
                                                                    : nullptr);
    if (!text) {
        ERR_clear_error();
        return {};
    }
    return text.get();
}

std::int64_t seconds_of(const ASN1_TIME* moment)
{
    std::tm parts{};
    if (ASN1_TIME_to_tm(moment, &parts) != 1) {
        ERR_clear_error();
        return 0;
    }
    return timegm(&parts);
}

std::string text_of(std::int64_t unix_seconds)
{
    const std::time_t moment = unix_seconds;
    std::tm parts{};
    std::array<char, 64> text{};
    if (gmtime_r(&moment, &parts) == nullptr)
        return std::to_string(unix_seconds);
    const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
    return {text.data(), size};
}

} // namespace ferrule::tls
