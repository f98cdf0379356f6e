// What a configuration file says, as plain values with their defaults. The key of each, and its
// limits, stand in table.hpp; config/ferrule.yaml shows every key.
#pragma once

#include "base/password.hpp"
#include "base/secret_text.hpp"
#include "base/time.hpp"
#include "ending/rules.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ferrule::config {

using base::milliseconds;
using namespace std::chrono_literals;

/// Where to listen or connect, as written; nothing is resolved here.
struct endpoint {
    enum class kind : std::uint8_t { ip4, ip6, name, unix_socket, inherited };
    kind type = kind::ip4;
    /// Address without brackets, host name, path of a Unix socket, or name of an inherited socket.
    std::string host;
    std::uint16_t port = 0; ///< 0 if it has none; for a listener, 0 lets the kernel choose
    /// The IPv6 half of "*:443": where there is no IPv6, the other half will do.
    bool is_optional = false;

    /// True if 0 is not a port of its own but asks the kernel for one.
    bool has_port_of_kernel() const
    {
        return port == 0 && type != kind::unix_socket && type != kind::inherited;
    }

    /// As configuration writes it: "127.0.0.1:80", "[::1]:80", "name:80", "unix:/path", "fd:name".
    std::string text() const;

    friend bool operator==(const endpoint&, const endpoint&) = default;
};

/// The `shutdown` block (docs/endings.md), resolved: listener over backend over top level.
struct shutdown_settings {
    ending::rules rules;
    milliseconds timeout = 5s;             ///< silence after our close_notify
    milliseconds half_close_timeout = 60s; ///< silence of a backend after the client's clean end
    milliseconds stall_timeout = 30s;      ///< bytes wait for a sink that takes none
    milliseconds linger = 2s;              ///< read and discard after our FIN
    std::uint64_t linger_bytes = 1024 * 1024;
    milliseconds deadline = 5min; ///< from the moment that neither source has more to give
    milliseconds quiet = 5s;      ///< silence after which a backend may be asked to end (E8)

    friend bool operator==(const shutdown_settings&, const shutdown_settings&) = default;
};

/// `timeouts`: top level, or on a listener (the listener wins, key by key).
struct timeout_settings {
    milliseconds handshake = 10s;
    milliseconds connect = 5s; ///< for all tries of one session together
    milliseconds idle = 10min;
    milliseconds lifetime = base::off;

    friend bool operator==(const timeout_settings&, const timeout_settings&) = default;
};

/// What `listeners[].tls` offers when it says nothing: forward secrecy and authenticated encryption
/// only, in the order of preference (RFC 9325, section 4.2).
inline constexpr const char* default_ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
inline constexpr const char* default_suites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
inline constexpr const char* default_groups = "X25519:P-256:P-384";

/// `listeners[].tls`. The files are read by the reader, so that a bad file is a configuration
/// error with a caret; what it read is kept, so that what was checked is what is served.
struct tls_settings {
    std::string certificate_path; ///< a relative path is already joined to the file's directory
    std::string key_path;
    std::string certificate_pem;  ///< the chain, leaf first
    std::string key_pem;          ///< secret: never logged
    std::string ticket_keys_path; ///< empty: `off`, each process has a random key
    base::secret_text ticket_keys_text;
    int min_version = 0x0303; ///< wire version: 0x0303 is TLS 1.2, 0x0304 is TLS 1.3
    int max_version = 0x0304;
    std::string ciphers = default_ciphers; ///< OpenSSL cipher list for TLS 1.2
    std::string suites = default_suites;   ///< TLS 1.3 suites
    std::string groups = default_groups;
    std::vector<std::string> alpn; ///< in the order of preference; empty: ALPN is not used

    friend bool operator==(const tls_settings&, const tls_settings&) = default;
};

/// Of one backend.
inline constexpr std::size_t max_servers = 64;

struct backend_settings {
    std::string name;
    std::vector<endpoint> servers; ///< taken in turn

    friend bool operator==(const backend_settings&, const backend_settings&) = default;
};

/// Where the sessions of a listener go, and how their endings are told.
struct route_settings {
    std::string backend; ///< the name of one of `settings::backends`
    shutdown_settings shutdown;

    friend bool operator==(const route_settings&, const route_settings&) = default;
};

struct listener_settings {
    std::string name;
    std::vector<endpoint> addresses;
    int backlog = 4096;
    tls_settings tls;
    timeout_settings timeouts;
    route_settings route;

    friend bool operator==(const listener_settings&, const listener_settings&) = default;
};

enum class log_level : std::uint8_t { debug, info, warning, error };
enum class log_format : std::uint8_t { text, json };
enum class logged_sessions : std::uint8_t { all, abnormal, none };

/// The word as configuration writes it.
std::string_view to_text(log_level value);
std::string_view to_text(log_format value);
std::string_view to_text(logged_sessions value);

/// The other way round; nullopt if it is no level.
std::optional<log_level> log_level_of(std::string_view word);

struct log_settings {
    log_level level = log_level::info;
    log_format format = log_format::text;
    std::string target = "stderr"; ///< "stderr", "stdout", or the path of a file
    logged_sessions sessions = logged_sessions::all;
    std::uint32_t recorder = 32; ///< events that each session remembers; 0: `off`

    friend bool operator==(const log_settings&, const log_settings&) = default;
};

struct control_settings {
    std::string path;     ///< of the Unix socket for `ferrule ctl`; empty: `off`
    unsigned mode = 0600; ///< of the file

    friend bool operator==(const control_settings&, const control_settings&) = default;
};

/// Who may see the metrics, and how. As with listeners, what the reader read is what is used.
struct metrics_protection_settings {
    std::string certificate_path;
    std::string key_path;
    std::string certificate_pem; ///< the chain, leaf first; empty: plain HTTP
    std::string key_pem;         ///< secret: never logged
    std::string password_path;
    std::vector<base::password_entry> users; ///< none: no password is asked for
    std::vector<std::string> hosts;          ///< besides IP addresses and localhost

    friend bool operator==(const metrics_protection_settings&,
                           const metrics_protection_settings&) = default;
};

struct drain_settings {
    milliseconds delay = 0s;    ///< keep accepting, report not ready
    milliseconds timeout = 30s; ///< then what is left is cut
    milliseconds spread = 10s;  ///< idle sessions end spread over the first part of `timeout`

    friend bool operator==(const drain_settings&, const drain_settings&) = default;
};

struct settings {
    std::string file;               ///< as named on the command line
    int workers = 0;                ///< 0: one for each CPU
    std::uint64_t max_sessions = 0; ///< `limits.sessions`; 0: as many as descriptors allow
    log_settings log;
    std::optional<endpoint> metrics_address; ///< nullopt: `off`; never a host name
    control_settings control;
    metrics_protection_settings metrics_protection;
    drain_settings drain;
    milliseconds watch = 5s; ///< between two looks at the files that listeners name; may be off
    std::vector<listener_settings> listeners;
    std::vector<backend_settings> backends;

    friend bool operator==(const settings&, const settings&) = default;
};

} // namespace ferrule::config
