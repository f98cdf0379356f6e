// Records of a client that no TLS library would write: any content type, any fragment, any alert.
//
// Speaks AES-128-GCM with SHA-256 in TLS 1.2 (RFC 5288) and TLS 1.3 (RFC 8446 5.2), with the keys
// of an OpenSSL client that has done the handshake and then says nothing any more.
#pragma once

#include "tls/talk.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/ssl.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ferrule::test {

class forger {
public:
    /// After the client's handshake. In TLS 1.2 it has sent one protected record, its Finished.
    explicit forger(const talk& with)
        : is_tls13_{SSL_version(with.client()) == TLS1_3_VERSION}, secret_{with.client_secret}
    {
        if (is_tls13_) {
            key_ = expand_label("key", 16);
            iv_ = expand_label("iv", 12);
            return;
        }
        sequence_ = 1;
        const std::string block = key_block_of(with.client(), 40);
        key_ = block.substr(0, 16);
        iv_ = block.substr(32, 4);
    }

    std::string record(int type, std::string_view content)
    {
        std::string sequence(8, '\0');
        for (std::size_t i = 0; i < 8; ++i)
            sequence[7 - i] = static_cast<char>(sequence_ >> (8 * i));
        ++sequence_;
        if (is_tls13_) {
            std::string nonce = iv_;
            for (std::size_t i = 0; i < 8; ++i)
                nonce[4 + i] = static_cast<char>(nonce[4 + i] ^ sequence[i]);
            const std::string inner = std::string(content) + static_cast<char>(type);
            const std::string header = header_of(SSL3_RT_APPLICATION_DATA, inner.size() + 16);
            return header + seal(nonce, header, inner);
        }
        const std::string bound = sequence + header_of(type, content.size());
        return header_of(type, content.size() + 24) + sequence +
               seal(iv_ + sequence, bound, content);
    }

    std::string data(std::string_view text) { return record(SSL3_RT_APPLICATION_DATA, text); }

    std::string alert(int level, int description)
    {
        const std::array bytes{static_cast<char>(level), static_cast<char>(description)};
        return record(SSL3_RT_ALERT, {bytes.data(), bytes.size()});
    }

    std::string close_notify() { return alert(SSL3_AL_WARNING, SSL_AD_CLOSE_NOTIFY); }

    /// The client's next records use the next keys, as after a KeyUpdate (RFC 8446 7.2).
    void update_keys()
    {
        secret_ = expand_label("traffic upd", 32);
        key_ = expand_label("key", 16);
        iv_ = expand_label("iv", 12);
        sequence_ = 0;
    }

    static std::string header_of(int type, std::size_t size)
    {
        return {static_cast<char>(type), 3, 3, static_cast<char>(size / 256),
                static_cast<char>(size % 256)};
    }

private:
    template <typename... Params>
    static std::string derive(const char* name, std::size_t size, Params... params)
    {
        EVP_KDF* const kdf = EVP_KDF_fetch(nullptr, name, nullptr);
        EVP_KDF_CTX* const context = EVP_KDF_CTX_new(kdf);
        const std::array all{params..., OSSL_PARAM_construct_end()};
        std::string out(size, '\0');
        const int done =
            EVP_KDF_derive(context, reinterpret_cast<unsigned char*>(out.data()), size, all.data());
        EVP_KDF_CTX_free(context);
        EVP_KDF_free(kdf);
        if (done != 1)
            throw std::runtime_error("cannot derive a key");
        return out;
    }

    static OSSL_PARAM octets(const char* name, std::string& value)
    {
        return OSSL_PARAM_construct_octet_string(name, value.data(), value.size());
    }

    static OSSL_PARAM digest()
    {
        static char sha256[] = "SHA256";
        return OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, sha256, 0);
    }

    /// HKDF-Expand-Label (RFC 8446 7.1).
    std::string expand_label(const std::string& label, std::size_t size)
    {
        std::string info{'\0', static_cast<char>(size), static_cast<char>(6 + label.size())};
        info += "tls13 " + label;
        info.push_back('\0');
        int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
        return derive("HKDF", size, digest(), octets(OSSL_KDF_PARAM_KEY, secret_),
                      octets(OSSL_KDF_PARAM_INFO, info),
                      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode));
    }

    /// RFC 5246 6.3.
    static std::string key_block_of(SSL* client, std::size_t size)
    {
        std::string master(48, '\0');
        std::string randoms(64, '\0');
        auto* const bytes = reinterpret_cast<unsigned char*>(randoms.data());
        SSL_SESSION_get_master_key(SSL_get_session(client),
                                   reinterpret_cast<unsigned char*>(master.data()), 48);
        SSL_get_server_random(client, bytes, 32);
        SSL_get_client_random(client, bytes + 32, 32);
        std::string seed = "key expansion" + randoms;
        return derive("TLS1-PRF", size, digest(), octets(OSSL_KDF_PARAM_SECRET, master),
                      octets(OSSL_KDF_PARAM_SEED, seed));
    }

    std::string seal(const std::string& nonce, const std::string& bound,
                     std::string_view text) const
    {
        const auto in = [](std::string_view bytes) {
            return reinterpret_cast<const unsigned char*>(bytes.data());
        };
        std::string out(text.size() + 16, '\0');
        auto* const to = reinterpret_cast<unsigned char*>(out.data());
        EVP_CIPHER_CTX* const context = EVP_CIPHER_CTX_new();
        int size = 0;
        EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), nullptr, in(key_), in(nonce));
        EVP_EncryptUpdate(context, nullptr, &size, in(bound), static_cast<int>(bound.size()));
        EVP_EncryptUpdate(context, to, &size, in(text), static_cast<int>(text.size()));
        EVP_EncryptFinal_ex(context, to + size, &size);
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, to + text.size());
        EVP_CIPHER_CTX_free(context);
        return out;
    }

    bool is_tls13_;
    std::string secret_;
    std::uint64_t sequence_ = 0;
    std::string key_;
    std::string iv_;
};

} // namespace ferrule::test
