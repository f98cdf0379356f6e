// HTTP for operators: the status page, /metrics, /healthz, /readyz. HTTP/1.1, plain or in TLS, on a
// thread of its own, so that a slow scrape never delays a session, and served until the process
// ends, drains included.
#pragma once

#include "base/password.hpp"
#include "base/time.hpp"
#include "metrics/registry.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ferrule::exporter {

struct exporter_limits {
    /// From the wait for a request to the end of its answer. Also how long a client may do nothing.
    base::milliseconds request_timeout = base::seconds{10};
    /// At once. The last quarter is for probes alone (/healthz, /readyz): each place there serves
    /// one request, and who has said nothing for the longest time gives way to the next.
    std::size_t connections = 64;
};

/// How it is protected. All of it is secret but the certificate.
struct exporter_protection {
    std::string certificate_pem; ///< chain, leaf first; empty: plain HTTP
    std::string key_pem;
    std::vector<base::password_entry> users; ///< none: no password is asked for
    /// Names besides IP addresses and localhost under which it may be asked (served_hosts.hpp).
    /// With none, an address that is not of the loopback is asked by any.
    std::vector<std::string> hosts{};
};

class exporter {
public:
    /// Binds and starts serving. `host` is an IP address, or the path of a Unix socket when
    /// `unix_socket`; a socket file that nobody listens on is replaced, and ours is removed at the
    /// end. Throws std::system_error (with the address in its text) if binding fails, and
    /// std::runtime_error as `protect` does. `numbers` must outlive the exporter.
    exporter(metrics::registry& numbers, const std::string& host, std::uint16_t port,
             bool unix_socket, exporter_limits limits = {},
             const exporter_protection& protection = {});

    /// Stops serving; an answer under way is cut after at most a second.
    ~exporter();
    exporter(const exporter&) = delete;
    exporter& operator=(const exporter&) = delete;

    /// From now on new connections get this certificate, and new requests need these passwords and
    /// hosts. Any thread. Throws std::runtime_error, with OpenSSL's reason, if certificate and key
    /// are not usable; then nothing has changed.
    void protect(const exporter_protection& protection);

    /// The port in use (the kernel's choice if 0 was asked for).
    std::uint16_t port() const noexcept;

private:
    struct server;
    std::unique_ptr<server> server_;
};

} // namespace ferrule::exporter
