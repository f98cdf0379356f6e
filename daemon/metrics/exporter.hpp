// HTTP for operators: /metrics, /healthz, /readyz. Plain HTTP/1.1 on a thread of its own, so that a
// slow scrape never delays a session, and served until the process ends, drains included.
#pragma once

#include "base/time.hpp"
#include "metrics/registry.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace ferrule::metrics {

struct exporter_limits {
    /// From the wait for a request to the end of its answer. Also how long a client may do nothing.
    base::milliseconds request_timeout = base::seconds{10};
    std::size_t connections = 64; ///< at once; those above are closed
};

class exporter {
public:
    /// Binds and starts serving. `host` is an IP address, or the path of a Unix socket when
    /// `unix_socket`; a socket file that nobody listens on is replaced, and ours is removed at the
    /// end. Throws std::system_error (with the address in its text) if binding fails.
    /// `numbers` must outlive the exporter.
    exporter(registry& numbers, const std::string& host, std::uint16_t port, bool unix_socket,
             exporter_limits limits = {});

    /// Stops serving; an answer under way is cut after at most a second.
    ~exporter();
    exporter(const exporter&) = delete;
    exporter& operator=(const exporter&) = delete;

    /// The port in use (the kernel's choice if 0 was asked for).
    std::uint16_t port() const noexcept;

private:
    struct server;
    std::unique_ptr<server> server_;
};

} // namespace ferrule::metrics
