// The bytes of one client of the exporter, in plain or in TLS.
#pragma once

#include "exporter/listening_socket.hpp"

#include <boost/asio/buffer.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace boost::asio::ssl {
class context;
}

namespace ferrule::exporter {

/// A connected socket. At most one call with `done` at a time, `finish` excepted: it may be called
/// while a read is pending. Everything ends with an error as soon as the socket is closed.
class exporter_stream {
public:
    using error_code = boost::system::error_code;
    using ready = std::function<void(error_code)>;
    using transferred = std::function<void(error_code, std::size_t)>;

    exporter_stream() = default;
    virtual ~exporter_stream() = default;
    exporter_stream(const exporter_stream&) = delete;
    exporter_stream& operator=(const exporter_stream&) = delete;

    virtual stream_protocol::socket& socket() noexcept = 0;

    /// What has to be done before anything else.
    virtual void begin(ready done) = 0;
    virtual void read(boost::asio::mutable_buffer into, transferred done) = 0;
    virtual void write(boost::asio::const_buffer all, transferred done) = 0;

    /// Our goodbye: in TLS a close_notify, which the client may answer; then the FIN. `done` is
    /// called when both are out, with an error if the close_notify was not answered.
    virtual void finish(ready done) = 0;
};

using stream_ptr = std::unique_ptr<exporter_stream>;

/// A stream over an accepted socket: TLS if there is a context. It shares in the context, so that
/// another one may be in use for the next client.
stream_ptr make_stream(stream_protocol::socket&& socket,
                       std::shared_ptr<boost::asio::ssl::context> tls);

/// TLS 1.2 and 1.3 with this certificate chain and key (PEM). Throws std::runtime_error, with what
/// OpenSSL says of them.
std::shared_ptr<boost::asio::ssl::context> make_tls(const std::string& certificate_pem,
                                                    const std::string& key_pem);

} // namespace ferrule::exporter
