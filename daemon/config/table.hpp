// The table of the configuration: every key, block by block, in the order of config/ferrule.yaml,
// with one row for each. A row says its name, where it is stored (in settings.hpp, which has its
// default), what it may be, the sentence with which the manual begins, and below what it stays.
//
// A block refuses keys that have no row, and a reader can ask for no others, so this is all there
// is. tests/config/table_test.cpp holds config/ferrule.yaml, docs/configuration.md and the man page
// ferrule.yaml(5) against it.
#pragma once

#include "config/kinds.hpp"
#include "config/row.hpp"
#include "config/settings.hpp"

#include <array>
#include <tuple>

namespace ferrule::config {

inline constexpr std::tuple root_rows{
    row{"workers", &settings::workers, number{1, 256, "auto"}, "Threads that serve sessions."},
    own_row{"limits", "", "", ""},
    own_row{"log", "", "", ""},
    own_row{"metrics", "", "", ""},
    own_row{"control", "", "", "The Unix socket of ferrule ctl."},
    own_row{"drain", "", "", "What happens when Ferrule is told to stop (SIGTERM)."},
    row{"watch", &settings::watch, duration{100ms, 1h, or_off},
        "How often certificate, key and ticket key files are looked at for changes."},
    own_row{"timeouts", "", "", "Bounds on a session before its first end."},
    own_row{"shutdown", "", "", "How a session ends."},
    own_row{"listeners", "required", "at least one", "Where clients connect."},
    own_row{"backends", "required", "at least one", "Where the bytes go, in plain text."},
};

inline constexpr std::tuple limits_rows{
    row{"sessions", &settings::max_sessions, number{1, 1'000'000'000, "auto"},
        "The most sessions at a time in the whole process."},
};

inline constexpr std::tuple log_rows{
    row{"level", &log_settings::level,
        words{std::array{log_level::debug, log_level::info, log_level::warning, log_level::error},
              "a log level"},
        "The least important kind of message that is written."},
    row{"format", &log_settings::format,
        words{std::array{log_format::text, log_format::json}, "a log format"},
        "text is key=value, json one object for each line."},
    row{"target", &log_settings::target, log_target{}, "Where lines go."},
    row{"sessions", &log_settings::sessions,
        words{std::array{logged_sessions::all, logged_sessions::abnormal, logged_sessions::none},
              "a choice of sessions"},
        "Which ended sessions get a line."},
    row{"recorder", &log_settings::recorder, number{1, 1024, "off"},
        "Events that each session remembers, in 24 bytes each."},
};

inline constexpr std::string_view default_metrics_address = "127.0.0.1:9464";

inline constexpr std::tuple metrics_rows{
    own_row{"address", default_metrics_address, "an IP address and port, unix:/path, or off",
            "Where the status page, /metrics, /healthz and /readyz are served."},
    own_row{"certificate", "off", "path, or off",
            "Serve HTTPS instead of HTTP, with this certificate and its chain, as PEM."},
    own_row{"key", "off", "path, or off", "PEM, without a passphrase."},
    own_row{"password_file", "off", "path, or off",
            "A file with lines of user:hash, the hash as crypt(3) writes it (openssl passwd -6)."},
    own_row{"hosts", "[]", "list of host names, without ports",
            "Names under which it may be asked for anything but /healthz and /readyz, besides IP "
            "addresses and localhost."},
};

inline constexpr std::tuple control_rows{
    own_row{"path", "off", "an absolute path of at most 107 bytes, or off", "Where it is made."},
    row{"mode", &control_settings::mode, file_mode{},
        "The file's mode, which says who may give orders."},
};

inline constexpr std::tuple drain_rows{
    row{"delay", &drain_settings::delay, duration{0s, 10min},
        "How long to go on accepting while /readyz already says no."},
    row{"timeout", &drain_settings::timeout, duration{0s, 24h},
        "Then nothing more is accepted, and sessions may end by themselves for so long."},
    row{"spread", &drain_settings::spread, duration{0s, 24h},
        "Idle sessions are not ended all at once but over this first part of timeout.", "timeout"},
};

/// At the top level, and in listeners.
inline constexpr std::tuple timeouts_rows{
    row{"handshake", &timeout_settings::handshake, duration{100ms, 5min},
        "From accept to the end of the TLS handshake."},
    row{"connect", &timeout_settings::connect, duration{10ms, 5min},
        "For a connection to the backend, with all servers that are tried."},
    row{"idle", &timeout_settings::idle, duration{100ms, 7 * 24h, or_off},
        "No byte moved in either direction."},
    row{"lifetime", &timeout_settings::lifetime, duration{1s, 365 * 24h, or_off},
        "The whole session, however busy it is."},
};

/// At the top level, in backends and in listeners.
inline constexpr std::tuple shutdown_rows{
    row{"mode", rule{&ending::rules::mode}, words{ending::all_modes, "a shutdown mode"},
        "What happens to the client once the backend has ended cleanly and all is delivered."},
    row{"timeout", &shutdown_settings::timeout, duration{10ms, 1h},
        "With wait: how long the client may stay silent after our close_notify.", "deadline"},
    row{"half_close", rule{&ending::rules::half_close},
        words{std::array{ending::half_close::carry, ending::half_close::close},
              "a half-close rule"},
        "carry: when one side has ended cleanly, the other may go on."},
    row{"half_close_timeout", &shutdown_settings::half_close_timeout, duration{10ms, 24h},
        "How long the backend may stay silent after the client's clean end."},
    row{"stall_timeout", &shutdown_settings::stall_timeout, duration{10ms, 1h},
        "After an end: how long bytes wait for a receiver that takes none.", "deadline"},
    row{"linger", &shutdown_settings::linger, duration{0s, 1min},
        "After our FIN, where we do not wait for the peer: how long late input is read and thrown "
        "away.",
        "deadline"},
    row{"linger_bytes", &shutdown_settings::linger_bytes, size{0, 1024 * 1024 * 1024},
        "The most that is read in that time."},
    row{"deadline", &shutdown_settings::deadline, duration{100ms, 24h},
        "From the moment that neither side has more to give until both sockets are closed, "
        "whatever happens."},
    row{"on_client_truncation", rule{&ending::rules::on_client_truncation},
        words{std::array{ending::client_policy::reset, ending::client_policy::fin}, "a way to end"},
        "What the backend is told when the client's connection ends without close_notify."},
    row{"on_client_reset", rule{&ending::rules::on_client_reset},
        words{std::array{ending::client_policy::reset, ending::client_policy::fin}, "a way to end"},
        "What the backend is told when the client resets the connection."},
    row{"on_backend_reset", rule{&ending::rules::on_backend_reset},
        words{std::array{ending::backend_policy::reset, ending::backend_policy::truncate},
              "a way to end"},
        "What the client is told when the backend resets the connection."},
    row{"on_proxy_end", rule{&ending::rules::on_proxy_end},
        words{std::array{ending::proxy_policy::ask, ending::proxy_policy::notify,
                         ending::proxy_policy::reset},
              "a way to end"},
        "How an end looks that Ferrule makes itself."},
    row{"quiet", &shutdown_settings::quiet, duration{10ms, 1h},
        "With ask: how long a session has to be silent, both ways, before its server may be asked "
        "to end."},
};

inline constexpr std::tuple listener_rows{
    own_row{"name", "required", "a name, used once", "What logs and metrics call it."},
    own_row{"addresses", "required", "list of addresses", "Where to listen."},
    row{"backlog", &listener_settings::backlog, number{1, 65535},
        "Connections that the kernel keeps until they are accepted."},
    own_row{"tls", "required", "", ""},
    own_row{"backend", "required", "the name of a backend", "Where the bytes go."},
    own_row{"timeouts", "", "", ""},
    own_row{"shutdown", "", "", ""},
};

inline constexpr std::tuple tls_rows{
    own_row{"certificate", "required", "path", "PEM: the certificate, then its chain."},
    own_row{"key", "required", "path", "PEM, without a passphrase."},
    own_row{"ticket_keys", "off", "path, or off",
            "A file with the keys of session tickets, for several Ferrules that resume each "
            "other's sessions."},
    own_row{"min_version", "1.2", "1.2, 1.3", "The oldest TLS version that is offered."},
    own_row{"max_version", "1.3", "1.2, 1.3, not below min_version", "The newest."},
    own_row{"ciphers", default_ciphers, "OpenSSL cipher list", "For TLS 1.2."},
    own_row{"suites", default_suites, "OpenSSL suites, with : between them", "For TLS 1.3."},
    own_row{"groups", default_groups, "OpenSSL groups, with : between them",
            "For the key exchange."},
    own_row{"alpn", "[]", "list, 1 to 255 bytes each, without commas and blanks",
            "Protocols to choose from when a client offers ALPN, in the order of preference."},
};

inline constexpr std::tuple backend_rows{
    own_row{"name", "required", "a name, used once", "What listeners, logs and metrics call it."},
    own_row{"servers", "required", "list of 1 to 64 addresses, ports 1 to 65535", "Taken in turn."},
    own_row{"shutdown", "", "", ""},
};

} // namespace ferrule::config
