#include "exporter/stream.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <stdexcept>
#include <utility>

namespace ferrule::exporter {

namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;

/// For TLS 1.2: forward secrecy and authenticated encryption only (RFC 9325 4.2).
constexpr const char* tls12_ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

void send_fin(stream_protocol::socket& socket)
{
    boost::system::error_code ignored; // the connection is gone: then nobody waits for it
    socket.shutdown(asio::socket_base::shutdown_send, ignored);
}

class plain_stream : public exporter_stream {
public:
    explicit plain_stream(stream_protocol::socket&& socket) : socket_{std::move(socket)} {}

    stream_protocol::socket& socket() noexcept override { return socket_; }
    void begin(ready done) override { done({}); }
    void read(asio::mutable_buffer into, transferred done) override
    {
        socket_.async_read_some(into, std::move(done));
    }
    void write(asio::const_buffer all, transferred done) override
    {
        asio::async_write(socket_, all, std::move(done));
    }
    void finish(ready done) override
    {
        send_fin(socket_);
        done({});
    }

private:
    stream_protocol::socket socket_;
};

class tls_stream : public exporter_stream {
public:
    tls_stream(stream_protocol::socket&& socket, std::shared_ptr<ssl::context> tls)
        : tls_{std::move(tls)}, stream_{std::move(socket), *tls_}
    {
    }

    stream_protocol::socket& socket() noexcept override { return stream_.next_layer(); }
    void begin(ready done) override
    {
        stream_.async_handshake(ssl::stream_base::server, std::move(done));
    }
    void read(asio::mutable_buffer into, transferred done) override
    {
        stream_.async_read_some(into, std::move(done));
    }
    void write(asio::const_buffer all, transferred done) override
    {
        asio::async_write(stream_, all, std::move(done));
    }
    void finish(ready done) override
    {
        stream_.async_shutdown([this, done = std::move(done)](error_code error) {
            send_fin(socket());
            done(error);
        });
    }

private:
    std::shared_ptr<ssl::context> tls_;
    ssl::stream<stream_protocol::socket> stream_;
};

} // namespace

stream_ptr make_stream(stream_protocol::socket&& socket, std::shared_ptr<ssl::context> tls)
{
    if (tls)
        return std::make_unique<tls_stream>(std::move(socket), std::move(tls));
    return std::make_unique<plain_stream>(std::move(socket));
}

std::shared_ptr<ssl::context> make_tls(const std::string& certificate_pem,
                                       const std::string& key_pem)
try {
    auto tls = std::make_shared<ssl::context>(ssl::context::tls_server);
    tls->set_options(ssl::context::default_workarounds | ssl::context::no_sslv2 |
                     ssl::context::no_sslv3 | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1 |
                     ssl::context::no_compression | SSL_OP_NO_RENEGOTIATION |
                     SSL_OP_CIPHER_SERVER_PREFERENCE);
    // Nobody is ever asked for a passphrase.
    tls->set_password_callback([](std::size_t, ssl::context::password_purpose) { return ""; });
    tls->use_certificate_chain(asio::buffer(certificate_pem));
    tls->use_private_key(asio::buffer(key_pem), ssl::context::pem);
    if (SSL_CTX_set_cipher_list(tls->native_handle(), tls12_ciphers) != 1)
        throw std::runtime_error("OpenSSL has no cipher for it");
    return tls;
} catch (const boost::system::system_error& error) {
    throw std::runtime_error(error.code().message());
}

} // namespace ferrule::exporter
