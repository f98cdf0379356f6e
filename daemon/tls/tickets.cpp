// What RFC 5077, section 4, recommends: AES in CBC mode with a fresh IV, then HMAC over all of it.

#include "tls/tickets.hpp"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>

namespace ferrule::tls {

namespace {

using cipher_ptr = std::unique_ptr<EVP_CIPHER, released_by<EVP_CIPHER_free>>;

/// Belongs to one SSL_CTX, and never changes.
struct key_ring {
    ticket_keys keys;
    cipher_ptr cipher; ///< kept, since looking it up takes a lock
};

constexpr std::size_t mac_key_size = 32;
constexpr std::size_t cipher_key_size = 32;
constexpr std::size_t mac_key_begin = ticket_key::name_size;
constexpr std::size_t cipher_key_begin = mac_key_begin + mac_key_size;
static_assert(cipher_key_begin + cipher_key_size == ticket_key::size);

// What SSL_CTX_set_tlsext_ticket_key_evp_cb(3) calls these answers.
constexpr int failed = -1;
constexpr int unknown_key = 0; ///< a full handshake
constexpr int good = 1;
constexpr int good_and_renew = 2;

void free_ring(void*, void* ring, CRYPTO_EX_DATA*, int, long, void*)
{
    delete static_cast<key_ring*>(ring);
}

int ring_slot()
{
    static const int slot = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_ring);
    return slot;
}

bool use_mac_key(EVP_MAC_CTX* mac, const ticket_key& key)
{
    // Parameters are not const, but these are only read from.
    auto* const bytes = const_cast<unsigned char*>(key.bytes.data()) + mac_key_begin;
    std::array<char, 7> digest{"SHA256"};
    const std::array<OSSL_PARAM, 3> parameters{
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, bytes, mac_key_size),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_end()};
    return EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
}

/// For a ticket to be written: fills `name` and `iv`.
int encrypt(const key_ring& ring, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
            EVP_MAC_CTX* mac)
{
    const ticket_key& key = ring.keys.front();
    std::copy_n(key.bytes.begin(), ticket_key::name_size, name);
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(ring.cipher.get())) != 1 ||
        EVP_EncryptInit_ex2(cipher, ring.cipher.get(), key.bytes.data() + cipher_key_begin, iv,
                            nullptr) != 1 ||
        !use_mac_key(mac, key))
        return failed;
    return good;
}

/// For a ticket that a client brings: `name` and `iv` are the ticket's.
int decrypt(const key_ring& ring, bool is_tls_1_3, const unsigned char* name,
            const unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac)
{
    const auto key = std::ranges::find_if(ring.keys, [name](const ticket_key& each) {
        return std::equal(name, name + ticket_key::name_size, each.bytes.begin());
    });
    if (key == ring.keys.end())
        return unknown_key;
    if (EVP_DecryptInit_ex2(cipher, ring.cipher.get(), key->bytes.data() + cipher_key_begin, iv,
                            nullptr) != 1 ||
        !use_mac_key(mac, *key))
        return failed;
    // A ticket of an older key is replaced while that key is still known. In TLS 1.3 each session
    // gives a new one anyhow, so that nobody can tell a client by its ticket (RFC 8446 C.4).
    return key == ring.keys.begin() && !is_tls_1_3 ? good : good_and_renew;
}

/// OpenSSL's callback: called on the worker's thread, in a handshake.
int choose_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
               EVP_MAC_CTX* mac, int is_new)
{
    const auto* const ring =
        static_cast<const key_ring*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), ring_slot()));
    return is_new != 0 ? encrypt(*ring, name, iv, cipher, mac)
                       : decrypt(*ring, SSL_version(ssl) == TLS1_3_VERSION, name, iv, cipher, mac);
}

} // namespace

void use_ticket_keys(SSL_CTX* native, const ticket_keys& keys)
{
    auto ring = std::make_unique<key_ring>();
    ring->keys = keys;
    ring->cipher.reset(EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr));
    if (!ring->cipher || ring_slot() < 0 ||
        SSL_CTX_set_ex_data(native, ring_slot(), ring.get()) != 1)
        throw std::runtime_error("session tickets: " + take_failure().text);
    ring.release(); // it is free_ring's now
    if (SSL_CTX_set_tlsext_ticket_key_evp_cb(native, choose_key) != 1)
        throw std::runtime_error("session tickets: " + take_failure().text);
}

} // namespace ferrule::tls
