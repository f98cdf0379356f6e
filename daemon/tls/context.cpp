#include "tls/context.hpp"

#include "tls/assembly.hpp"
#include "tls/tickets.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <string_view>

namespace ferrule::tls {

namespace {

/// ALPN names as RFC 7301 puts them on the wire: each after its length.
using protocol_list = std::vector<unsigned char>;

protocol_list wire_format_of(const std::vector<std::string>& names)
{
    protocol_list wire;
    for (const std::string& name : names) {
        if (name.empty() || name.size() > 255)
            throw std::runtime_error("alpn: a protocol name has 1 to 255 bytes, not " +
                                     std::to_string(name.size()));
        wire.push_back(static_cast<unsigned char>(name.size()));
        wire.insert(wire.end(), name.begin(), name.end());
    }
    return wire;
}

/// Only called if the client offers ALPN.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned int offered_size, void* ours)
{
    const auto& wire = *static_cast<const protocol_list*>(ours);
    unsigned char* choice = nullptr;
    // R17: the first list is the one whose order decides.
    if (SSL_select_next_proto(&choice, size, wire.data(), static_cast<unsigned int>(wire.size()),
                              offered, offered_size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL; // no_application_protocol (RFC 7301 3.2)
    *chosen = choice;
    return SSL_TLSEXT_ERR_OK;
}

/// Any server name will do. Without an answer OpenSSL would not put the name into a ticket, and a
/// resumed TLS 1.2 session, which takes it from there, would have none.
int accept_name(SSL*, int*, void*)
{
    return SSL_TLSEXT_ERR_OK;
}

void free_protocols(void*, void* protocols, CRYPTO_EX_DATA*, int, long, void*)
{
    delete static_cast<protocol_list*>(protocols);
}

/// The list belongs to the SSL_CTX, not to the `context`: a handshake may still be under way when a
/// reload replaces the context that it began with.
void use_alpn(SSL_CTX* native, const std::vector<std::string>& names)
{
    static const int slot = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_protocols);
    if (names.empty())
        return;
    auto protocols = std::make_unique<protocol_list>(wire_format_of(names));
    if (slot < 0 || SSL_CTX_set_ex_data(native, slot, protocols.get()) != 1)
        throw std::runtime_error("alpn: " + take_failure().text);
    SSL_CTX_set_alpn_select_cb(native, choose_protocol, protocols.release());
}

/// What every context has, whatever the options say.
void use_fixed_settings(SSL_CTX* native)
{
    // R133: refused by a warning, and the session goes on.
    SSL_CTX_set_options(native, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_RENEGOTIATION |
                                    SSL_OP_NO_COMPRESSION);
    // R30, R32: the system's openssl.cnf may have set these. With the first, a FIN would pass for a
    // close_notify, and every ending of ours would be a guess (E1).
    SSL_CTX_clear_options(native, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_ALLOW_NO_DHE_KEX |
                                      SSL_OP_ALLOW_CLIENT_RENEGOTIATION |
                                      SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION | SSL_OP_NO_TICKET);
    // SSL_MODE_AUTO_RETRY, on by default, lets SSL_read go on behind a message that is not
    // application data; on a BIO without more input it still answers SSL_ERROR_WANT_READ.
    SSL_CTX_set_mode(native, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_read_ahead(native, 0);
    SSL_CTX_set_tlsext_servername_callback(native, accept_name);
    // 0-RTT data can be replayed, and a proxy cannot know whether the backend minds: our tickets
    // offer none. A client that has a ticket of a server that takes them sends them all the same;
    // they are skipped up to this much (RFC 8446 4.2.10), and it sends them again.
    constexpr std::uint32_t early_data_skipped = 64 * 1024;
    if (SSL_CTX_set_max_early_data(native, 0) != 1 ||
        SSL_CTX_set_recv_max_early_data(native, early_data_skipped) != 1)
        throw std::runtime_error(take_failure().text);
}

std::array<unsigned char, 32> digest_of(std::string_view text)
{
    std::array<unsigned char, 32> digest{};
    std::size_t size = 0;
    if (EVP_Q_digest(nullptr, "SHA256", nullptr, text.data(), text.size(), digest.data(), &size) !=
        1)
        throw std::runtime_error("SHA-256 fails: " + take_failure().text);
    return digest;
}

/// Sessions live in tickets only: a cache of this context could not be asked by another worker.
void use_tickets(SSL_CTX* native, const context_options& options)
{
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
    const auto id = digest_of(options.session_id_context);
    static_assert(id.size() <= SSL_MAX_SID_CTX_LENGTH);
    if (SSL_CTX_set_session_id_context(native, id.data(), static_cast<unsigned int>(id.size())) !=
            1 ||
        SSL_CTX_set_num_tickets(native, 1) != 1)
        throw std::runtime_error("session tickets: " + take_failure().text);
    // Without a key, OpenSSL's own random one stays.
    if (!options.tickets.empty())
        use_ticket_keys(native, options.tickets);
}

std::string_view key_of(problem::about which)
{
    switch (which) {
    case problem::about::certificate: return "certificate";
    case problem::about::key: return "key";
    case problem::about::ciphers: return "ciphers";
    case problem::about::suites: return "suites";
    case problem::about::groups: return "groups";
    case problem::about::versions: return "versions";
    }
    return "";
}

ssl_ctx_ptr make_context(const context_options& options)
{
    std::vector<problem> problems;
    ssl_ctx_ptr native = assemble(options, problems);
    if (!problems.empty())
        throw std::runtime_error(std::string(key_of(problems.front().which)) + ": " +
                                 problems.front().message);
    use_fixed_settings(native.get());
    use_tickets(native.get(), options);
    use_alpn(native.get(), options.alpn);
    return native;
}

} // namespace

context::context(const context_options& options) : native_(make_context(options).release()) {}

context::~context()
{
    SSL_CTX_free(native_);
}

std::string library_version()
{
    return OpenSSL_version(OPENSSL_VERSION);
}

} // namespace ferrule::tls
