#include "exporter/exporter.hpp"

#include "base/thread.hpp"
#include "exporter/connection.hpp"
#include "exporter/listening_socket.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <unistd.h>

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace ferrule::exporter {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto accept_retry = 100ms;
constexpr auto stop_timeout = 1s;

using error_code = boost::system::error_code;

std::shared_ptr<asio::ssl::context> tls_of(const exporter_protection& protection)
{
    if (protection.certificate_pem.empty())
        return nullptr;
    return make_tls(protection.certificate_pem, protection.key_pem);
}

bool is_loopback(const std::string& host)
{
    error_code no_address;
    return asio::ip::make_address(host, no_address).is_loopback() && !no_address;
}

} // namespace

/// Everything here belongs to the exporter's thread, once that runs.
struct exporter::server {
    server(metrics::registry& numbers, const std::string& host, std::uint16_t wanted_port,
           bool unix_socket, exporter_limits wanted_limits, const exporter_protection& protection)
        : limits(wanted_limits),
          shared{numbers, gate, limits.request_timeout, !unix_socket && is_loopback(host),
                 protection.hosts},
          socket_path(unix_socket ? host : ""),
          tls(tls_of(protection))
    {
        gate.let_pass(protection.users);
        port = listen_on(acceptor, host, wanted_port, unix_socket);
        accept();
        thread = base::start_thread("ferrule-metrics", [this] { run(); });
    }

    // Without the memory to say "stop" the process could only end.
    // NOLINTNEXTLINE(bugprone-exception-escape)
    ~server()
    {
        asio::post(context, [this] { stop(); });
        thread.join();
    }

    void run();
    void accept();
    void accept_later();
    bool make_room();
    void stop();

    const exporter_limits limits;
    exporter_surroundings shared;            ///< before the context, whose end destroys connections
    const std::string socket_path;           ///< empty for TCP
    std::uint16_t port = 0;                  ///< 0 for a Unix socket
    std::shared_ptr<asio::ssl::context> tls; ///< of new connections; null: plain
    asio::io_context context{1};
    password_gate gate{context};
    listening_socket acceptor{context};
    asio::steady_timer retry{context};
    bool stopping = false;
    std::thread thread;
};

void exporter::server::run()
{
    while (!stopping) {
        try {
            context.run_one();
        } catch (const std::exception&) {
            // A want of memory: the connection ended with its handler, the next may do better.
        }
    }
    context.run_for(stop_timeout); // returns as soon as nothing is left to do
}

void exporter::server::accept()
{
    acceptor.async_accept([this](error_code error, stream_protocol::socket socket) {
        if (stopping)
            return;
        if (error)
            return accept_later();
        accept();
        if (shared.open.size() >= limits.connections && !make_room())
            return;
        const bool is_crowded = shared.open.size() >= limits.connections - limits.connections / 4;
        std::make_shared<exporter_connection>(make_stream(std::move(socket), tls), shared,
                                              is_crowded ? exporter_connection::serves::probes
                                                         : exporter_connection::serves::all)
            ->start();
    });
}

/// On the places for probes nobody stays who does not ask.
bool exporter::server::make_room()
{
    exporter_connection* oldest = nullptr;
    for (exporter_connection* each : shared.open) {
        if (each->can_give_way() && (oldest == nullptr || each->number() < oldest->number()))
            oldest = each;
    }
    if (oldest == nullptr)
        return false;
    oldest->give_way();
    return true;
}

/// Mostly EMFILE: the connection stays in the backlog, so that accepting at once would spin.
void exporter::server::accept_later()
{
    retry.expires_after(accept_retry);
    retry.async_wait([this](error_code error) {
        if (!error)
            accept();
    });
}

void exporter::server::stop()
{
    stopping = true;
    if (!socket_path.empty())
        unlink(socket_path.c_str()); // before closing: afterwards the name may be somebody else's
    error_code ignored;
    acceptor.close(ignored);
    retry.cancel();
    const auto peers = shared.open; // one that ends at once leaves the set
    for (exporter_connection* peer : peers)
        peer->stop();
}

exporter::exporter(metrics::registry& numbers, const std::string& host, std::uint16_t port,
                   bool unix_socket, exporter_limits limits, const exporter_protection& protection)
    : server_(std::make_unique<server>(numbers, host, port, unix_socket, limits, protection))
{
}

exporter::~exporter() = default;

void exporter::protect(const exporter_protection& protection)
{
    asio::post(server_->context, [to = server_.get(), tls = tls_of(protection),
                                  users = protection.users, hosts = protection.hosts]() mutable {
        to->tls = std::move(tls);
        to->gate.let_pass(std::move(users));
        to->shared.hosts = std::move(hosts);
    });
}

std::uint16_t exporter::port() const noexcept
{
    return server_->port;
}

} // namespace ferrule::exporter
