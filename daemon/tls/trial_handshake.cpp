#include "tls/trial_handshake.hpp"

#include "tls/channel.hpp"
#include "tls/unverified_client.hpp"
#include "tls/wire.hpp"

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <stdexcept>
#include <string>

namespace ferrule::tls {

namespace {

using about = problem::about;

/// Why they do not agree; empty if they do.
std::string try_with(SSL_CTX* native, unverified_client& peer)
{
    wire shared;
    channel server(native, shared);
    if (!server.is_usable())
        throw std::runtime_error("out of memory");
    bool peer_is_done = false;
    // A handshake has at most two flights of each side, and one more for another key share.
    for (int flights = 0; flights < 8; ++flights) {
        const handshake_progress theirs =
            peer_is_done ? handshake_progress::done : peer.handshake();
        peer_is_done = theirs == handshake_progress::done;
        if (theirs == handshake_progress::failed)
            return peer.detail();
        const std::vector<std::byte> said = peer.take_out();
        shared.in = said;
        const handshake_progress ours = server.handshake();
        if (ours == handshake_progress::failed)
            return server.detail();
        if (ours == handshake_progress::done && peer_is_done)
            return {};
        if (!shared.out.empty())
            peer.put_in(shared.out);
        shared.out.clear();
    }
    return "the handshake does not end";
}

/// "EC, secp256k1", or "RSA, 2048 bits".
std::string key_text(SSL_CTX* native)
{
    const X509* const leaf = SSL_CTX_get0_certificate(native);
    const EVP_PKEY* const key = leaf != nullptr ? X509_get0_pubkey(leaf) : nullptr;
    const char* const type = key != nullptr ? EVP_PKEY_get0_type_name(key) : nullptr;
    if (type == nullptr)
        return "unknown type";
    std::string group(64, '\0');
    std::size_t size = 0;
    if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1)
        return std::string(type) + ", " + group.substr(0, size);
    ERR_clear_error();
    return std::string(type) + ", " + std::to_string(EVP_PKEY_get_bits(key)) + " bits";
}

bool is_reason(const std::string& why, int reason)
{
    const char* const text = ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, 0, reason));
    return text != nullptr && why == text;
}

/// For somebody who has to get another certificate, or other words into the configuration.
problem told(const std::string& why, int version, SSL_CTX* native)
{
    const std::string tls = version == TLS1_2_VERSION ? "TLS 1.2" : "TLS 1.3";
    const std::string nobody = "serves no client in " + tls + ": ";
    const std::string its_key = " its key (" + key_text(native) + ")";
    if (is_reason(why, SSL_R_NO_SHARED_CIPHER))
        return {about::certificate, false, nobody + "none of the ciphers goes with" + its_key,
                "ciphers with ECDSA need an EC key (such as P-256), those with RSA an RSA key"};
    // OpenSSL does not even offer TLS 1.3 for a key on a curve that this version does not have.
    if (is_reason(why, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM) ||
        (version == TLS1_3_VERSION && is_reason(why, SSL_R_UNSUPPORTED_PROTOCOL)))
        return {about::certificate, false, nobody + "clients take no signature of" + its_key,
                "an RSA key of 2048 bits or more, or an EC key (P-256, P-384)"};
    if (is_reason(why, SSL_R_NO_SUITABLE_KEY_SHARE) || is_reason(why, SSL_R_NO_SUITABLE_GROUPS))
        return {about::groups, false,
                "serve no client in " + tls + ": none is a group of this version",
                "such as X25519:P-256:P-384"};
    return {about::certificate, false, nobody + why, "a certificate for a TLS server"};
}

/// The listener's groups, and behind them what every client has: the key of a certificate may
/// be on any of them. OpenSSL takes no group twice, by whichever of its names.
std::string groups_of_client(const std::string& of_listener)
{
    std::string groups = of_listener;
    for (const char* const usual : {"X25519", "P-256", "X448", "P-521", "P-384"}) {
        const std::string more = groups + ":" + usual;
        if (SSL_CTX_set1_groups_list(context_for_trying(), more.c_str()) == 1)
            groups = more;
    }
    ERR_clear_error();
    return groups;
}

} // namespace

std::vector<problem> failed_handshakes(SSL_CTX* native, const context_options& options)
{
    std::vector<problem> problems;
    const std::string groups = options.groups.empty() ? "" : groups_of_client(options.groups);
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        if (version < options.min_version || version > options.max_version)
            continue;
        unverified_client peer({.version = version,
                                .server_name = {},
                                .alpn = {},
                                .ciphers = "ALL",
                                .groups = groups});
        if (const std::string why = try_with(native, peer); !why.empty())
            problems.push_back(told(why, version, native));
    }
    ERR_clear_error();
    return problems;
}

} // namespace ferrule::tls
