// What all TLS sessions of one listener share: certificate, versions, suites, ALPN, tickets.
#pragma once

#include "tls/ticket_keys.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

using SSL_CTX = struct ssl_ctx_st;
using SSL = struct ssl_st;

namespace ferrule::tls {

struct context_options {
    std::string certificate_pem; ///< chain, leaf first
    std::string key_pem;         ///< secret
    int min_version = 0x0303;
    int max_version = 0x0304;
    std::string ciphers; ///< TLS 1.2 cipher list; empty: OpenSSL's default
    std::string suites;  ///< TLS 1.3 suites; empty: OpenSSL's default
    std::string groups;  ///< empty: OpenSSL's default
    std::vector<std::string> alpn;
    std::string session_id_context; ///< the listener's name: tickets are not taken by others
    ticket_keys tickets;            ///< empty: the context makes a key of its own
};

/// Why a context could not be made, or what is doubtful about one that can.
struct problem {
    enum class about : std::uint8_t { certificate, key, ciphers, suites, groups, versions };
    about which = about::certificate;
    bool is_warning = false;
    std::string message; ///< "does not match the certificate", "expired on 2026-01-02 03:04:05 UTC"
    std::string fix = {}; ///< what to do about this one in particular; may be empty
};

/// All problems of these options, in the order of `problem::about`. Options without an error have
/// been tried in handshakes with clients in memory: a few milliseconds. No I/O. Throws
/// std::runtime_error only if OpenSSL itself does not work.
std::vector<problem> inspect(const context_options& options);

/// The same as seen at another moment (Unix time): dates are judged by `now_seconds`.
std::vector<problem> inspect(const context_options& options, std::int64_t now_seconds);

/// What a leaf certificate says of itself.
struct certificate_summary {
    std::string subject;
    std::string serial;                 ///< upper-case hex
    std::int64_t not_after_seconds = 0; ///< Unix time
};
/// Throws std::runtime_error if the text holds no certificate.
certificate_summary summary_of(const std::string& certificate_pem);

/// Owns one SSL_CTX. Made once for each worker and listener (an SSL_CTX that threads share costs a
/// lock for each handshake). Sessions keep the SSL_CTX alive by themselves, so a context may be
/// replaced while sessions made from it go on.
class context {
public:
    /// Throws std::runtime_error with the first error `inspect` finds ("key: does not match the
    /// certificate"), or for an ALPN name that has not 1 to 255 bytes. Warnings do not matter here.
    explicit context(const context_options& options);
    ~context();
    context(const context&) = delete;
    context& operator=(const context&) = delete;

    SSL_CTX* native() const noexcept { return native_; }

private:
    SSL_CTX* native_;
};

/// "OpenSSL 3.0.22 …", as the library that is loaded says of itself.
std::string library_version();

} // namespace ferrule::tls
