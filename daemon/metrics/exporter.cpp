#include "metrics/exporter.hpp"

#include "base/thread.hpp"
#include "metrics/exporter_connection.hpp"
#include "metrics/listening_socket.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <unistd.h>

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace ferrule::metrics {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto accept_retry = 100ms;
constexpr auto stop_timeout = 1s;

using error_code = boost::system::error_code;

} // namespace

/// Everything here belongs to the exporter's thread, once that runs.
struct exporter::server {
    server(const registry& process_numbers, const std::string& host, std::uint16_t wanted_port,
           bool unix_socket, exporter_limits wanted_limits)
        : limits(wanted_limits), numbers(process_numbers), socket_path(unix_socket ? host : "")
    {
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
    void stop();

    const exporter_limits limits;
    const registry& numbers;
    const std::string socket_path; ///< empty for TCP
    std::uint16_t port = 0;        ///< 0 for a Unix socket
    open_connections open;         ///< before the context: its end destroys connections
    asio::io_context context{1};
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
        if (open.size() < limits.connections)
            std::make_shared<exporter_connection>(std::move(socket), open, numbers,
                                                  limits.request_timeout)
                ->next_request();
    });
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
    for (exporter_connection* peer : open)
        peer->stop();
}

exporter::exporter(registry& numbers, const std::string& host, std::uint16_t port, bool unix_socket,
                   exporter_limits limits)
    : server_(std::make_unique<server>(numbers, host, port, unix_socket, limits))
{
}

exporter::~exporter() = default;

std::uint16_t exporter::port() const noexcept
{
    return server_->port;
}

} // namespace ferrule::metrics
