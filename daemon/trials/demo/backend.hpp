// The plaintext server behind `ferrule demo`: enough HTTP/1.1 to try endings with curl.
//
//   GET  /            a short page that says what to try
//   GET  /bytes/N     N bytes (at most 10 GiB), with Content-Length
//   GET  /stream/N    N bytes without Content-Length: they end where the connection ends
//   GET  /reset/N     N bytes of a longer announced body, then RST: shows `backend_reset`
//   POST, PUT /…      echoes the body, at most 10 GiB, as it comes
//
// An echo takes no more than it could send back, so a client has to read while it sends.
#pragma once

#include <cstdint>
#include <memory>

namespace ferrule::demo {

class demo_backend {
public:
    /// Listens on 127.0.0.1 on a port that the kernel chooses, and serves on a thread of its own.
    /// Throws std::system_error.
    demo_backend();

    /// Stops: idle connections are closed at once, answers under way after half a second.
    ~demo_backend();
    demo_backend(const demo_backend&) = delete;
    demo_backend& operator=(const demo_backend&) = delete;

    std::uint16_t port() const noexcept;

private:
    struct server;
    std::unique_ptr<server> server_;
};

} // namespace ferrule::demo
