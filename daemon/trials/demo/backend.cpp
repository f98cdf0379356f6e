#include "trials/demo/backend.hpp"

#include "base/thread.hpp"
#include "trials/demo/pages.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <future>
#include <set>
#include <system_error>
#include <thread>

namespace ferrule::demo {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

struct demo_backend::server {
    server();
    void stop();

    // Connections stand in `open` while they live, and the last of them die with `io`.
    std::set<demo_connection*> open;
    asio::io_context io{1};
    tcp::acceptor acceptor{io};
    std::uint16_t port = 0;
    bool is_stopping = false;
    std::promise<void> ended;
    std::thread thread;

private:
    void listen();
    asio::awaitable<void> accept_all();
    asio::awaitable<void> serve_one(tcp::socket socket);
};

demo_backend::server::server()
{
    listen();
    asio::co_spawn(io, accept_all(), asio::detached);
    thread = base::start_thread("demo-backend", [this] {
        io.run();
        ended.set_value();
    });
}

void demo_backend::server::listen()
{
    const tcp::endpoint any_port(asio::ip::address_v4::loopback(), 0);
    error_code error;
    acceptor.open(any_port.protocol(), error);
    if (!error)
        acceptor.bind(any_port, error);
    if (!error)
        acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (!error)
        port = acceptor.local_endpoint(error).port();
    if (error)
        throw std::system_error(error, "the demo's server cannot listen on 127.0.0.1");
}

asio::awaitable<void> demo_backend::server::accept_all()
{
    asio::steady_timer pause(io);
    while (!is_stopping) {
        error_code error;
        tcp::socket socket(io);
        co_await acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
        if (!error) {
            asio::co_spawn(io, serve_one(std::move(socket)), asio::detached);
        } else if (!is_stopping) {
            // Without descriptors (EMFILE) the client stays in the queue, and the next try would
            // fail at once.
            pause.expires_after(std::chrono::milliseconds(100));
            co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
        }
    }
}

asio::awaitable<void> demo_backend::server::serve_one(tcp::socket socket)
{
    demo_connection peer(std::move(socket));
    const auto forget = [this](demo_connection* closed) { open.erase(closed); };
    const std::unique_ptr<demo_connection, decltype(forget)> registered(&peer, forget);
    open.insert(&peer);
    try {
        peer.stream.socket().set_option(tcp::no_delay(true));
        co_await serve_pages(peer);
    } catch (const boost::system::system_error&) {
        // The client went away; leaving this block closes what is left.
    }
}

void demo_backend::server::stop()
{
    asio::post(io, [this] {
        is_stopping = true;
        error_code ignored;
        acceptor.close(ignored);
        for (demo_connection* const peer : open) {
            if (peer->is_idle)
                peer->stream.close();
        }
    });
    if (ended.get_future().wait_for(std::chrono::milliseconds(500)) != std::future_status::ready)
        io.stop();
    thread.join();
}

demo_backend::demo_backend() : server_(std::make_unique<server>()) {}

// Only a lack of memory or a bug can throw here, and then ending the process is right.
// NOLINTNEXTLINE(bugprone-exception-escape)
demo_backend::~demo_backend()
{
    server_->stop();
}

std::uint16_t demo_backend::port() const noexcept
{
    return server_->port;
}

} // namespace ferrule::demo
