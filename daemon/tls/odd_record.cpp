#include "tls/odd_record.hpp"

#include "tls/openssl.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <array>
#include <stdexcept>
#include <string>

namespace ferrule::tls {

namespace {

constexpr std::size_t iv_size = 12; // of every cipher of TLS 1.3
constexpr std::size_t tag_size = 16;

const unsigned char* octets(std::span<const std::byte> bytes)
{
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

void require(bool went_well)
{
    if (!went_well)
        throw std::runtime_error("client of the self-test: " + take_failure().text);
}

const EVP_CIPHER* cipher_of(const SSL* of)
{
    const SSL_CIPHER* const suite = SSL_get_current_cipher(of);
    const EVP_CIPHER* const found =
        suite == nullptr ? nullptr : EVP_get_cipherbynid(SSL_CIPHER_get_cipher_nid(suite));
    require(found != nullptr);
    return found;
}

/// HKDF-Expand-Label without a context (RFC 8446 7.1).
std::vector<std::byte> expand(const SSL* of, std::span<const std::byte> secret,
                              std::string_view label, std::size_t size)
{
    const std::unique_ptr<EVP_KDF, released_by<EVP_KDF_free>> kdf{
        EVP_KDF_fetch(nullptr, "TLS13-KDF", nullptr)};
    require(kdf != nullptr);
    const std::unique_ptr<EVP_KDF_CTX, released_by<EVP_KDF_CTX_free>> context{
        EVP_KDF_CTX_new(kdf.get())};
    require(context != nullptr);
    const EVP_MD* const digest = SSL_CIPHER_get_handshake_digest(SSL_get_current_cipher(of));
    require(digest != nullptr);

    // OpenSSL's parameters are not const, though they are only read.
    const auto octet_string = [](const char* name, const void* bytes, std::size_t count) {
        return OSSL_PARAM_construct_octet_string(name, const_cast<void*>(bytes), count);
    };
    constexpr std::string_view prefix = "tls13 ";
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    const std::array parameters{
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
                                         const_cast<char*>(EVP_MD_get0_name(digest)), 0),
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        octet_string(OSSL_KDF_PARAM_KEY, secret.data(), secret.size()),
        octet_string(OSSL_KDF_PARAM_PREFIX, prefix.data(), prefix.size()),
        octet_string(OSSL_KDF_PARAM_LABEL, label.data(), label.size()),
        OSSL_PARAM_construct_end(),
    };
    std::vector<std::byte> made(size);
    require(EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(made.data()), size,
                           parameters.data()) == 1);
    return made;
}

} // namespace

std::vector<std::byte> client_secret_in(std::string_view line)
{
    if (!line.starts_with("CLIENT_TRAFFIC_SECRET_0 "))
        return {};
    const std::string digits{line.substr(line.rfind(' ') + 1)};
    std::vector<std::byte> secret(digits.size() / 2);
    std::size_t size = 0;
    const bool is_read = OPENSSL_hexstr2buf_ex(reinterpret_cast<unsigned char*>(secret.data()),
                                               secret.size(), &size, digits.c_str(), '\0') == 1;
    return is_read ? secret : std::vector<std::byte>{};
}

odd_writer::odd_writer(const SSL* of, std::span<const std::byte> secret)
    : of_{of},
      key_{expand(of, secret, "key",
                  static_cast<std::size_t>(EVP_CIPHER_get_key_length(cipher_of(of))))},
      iv_{expand(of, secret, "iv", iv_size)}
{
}

std::vector<std::byte> odd_writer::record(std::uint64_t number, std::uint8_t type,
                                          std::span<const std::byte> content) const
{
    std::vector<std::byte> nonce = iv_;
    for (std::size_t i = 0; i < 8; ++i)
        nonce[iv_size - 1 - i] ^= static_cast<std::byte>(number >> (8 * i));

    std::vector<std::byte> inner{content.begin(), content.end()};
    inner.push_back(static_cast<std::byte>(type));
    const std::size_t body = inner.size() + tag_size;
    std::vector<std::byte> made{std::byte{SSL3_RT_APPLICATION_DATA}, std::byte{3}, std::byte{3},
                                static_cast<std::byte>(body / 256),
                                static_cast<std::byte>(body % 256)};
    const std::size_t header = made.size();
    made.resize(header + body);

    const std::unique_ptr<EVP_CIPHER_CTX, released_by<EVP_CIPHER_CTX_free>> context{
        EVP_CIPHER_CTX_new()};
    auto* const out = reinterpret_cast<unsigned char*>(made.data());
    int count = 0;
    require(context != nullptr &&
            EVP_EncryptInit_ex(context.get(), cipher_of(of_), nullptr, octets(key_),
                               octets(nonce)) == 1 &&
            EVP_EncryptUpdate(context.get(), nullptr, &count, out, static_cast<int>(header)) == 1 &&
            EVP_EncryptUpdate(context.get(), out + header, &count, octets(inner),
                              static_cast<int>(inner.size())) == 1 &&
            EVP_EncryptFinal_ex(context.get(), out + header + inner.size(), &count) == 1 &&
            EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, tag_size,
                                out + header + inner.size()) == 1);
    return made;
}

} // namespace ferrule::tls
