#include "metrics/exporter.hpp"

#include "base/thread.hpp"
#include "metrics/http_answer.hpp"
#include "metrics/listening_socket.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <unistd.h>

#include <chrono>
#include <ctime>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <string_view>
#include <thread>
#include <utility>

namespace ferrule::metrics {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using namespace std::chrono_literals;

constexpr std::size_t connections_max = 64;
constexpr std::uint32_t header_bytes_max = 8 * 1024;
constexpr auto request_timeout = 10s; // from the wait for a request to the end of its answer
constexpr auto accept_retry = 100ms;
constexpr auto stop_timeout = 1s;
constexpr auto linger_timeout = 1s;
constexpr std::size_t linger_bytes_max = 64 * 1024;

using response = http::response<http::string_body>;
constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7).
std::string http_date()
{
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    char text[40];
    return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

response make_response(http_answer said)
{
    response made(http::int_to_status(said.status), 11);
    made.set(http::field::date, http_date());
    made.set(http::field::content_type, said.type);
    if (said.names_methods)
        made.set(http::field::allow, allowed_methods);
    made.body() = std::move(said.body);
    made.prepare_payload();
    return made;
}

/// What a request that cannot be read is told; nullopt if there is nobody to tell.
std::optional<http_answer> answer_to_error(const boost::system::error_code& error)
{
    static const auto& http_errors = make_error_code(http::error::end_of_stream).category();

    if (error == http::error::header_limit || error == http::error::buffer_overflow)
        return http_answer{431, "the header is too long\n"};
    if (error.category() != http_errors || error == http::error::end_of_stream ||
        error == http::error::partial_message)
        return std::nullopt;
    return http_answer{400, "not an HTTP request\n"};
}

std::string_view to_std(beast::string_view text)
{
    return {text.data(), text.size()};
}

} // namespace

/// Everything here belongs to the exporter's thread, once that runs.
struct exporter::server {
    struct connection {
        explicit connection(stream_protocol::socket&& socket) : stream(std::move(socket)) {}

        beast::basic_stream<stream_protocol> stream;
        beast::flat_buffer buffer{2 * header_bytes_max};
        bool answering = false; ///< a request is here and its answer is not yet out
    };
    using connection_pointer = std::shared_ptr<connection>;

    server(registry& process_numbers, const std::string& host, std::uint16_t wanted_port,
           bool unix_socket)
        : numbers(process_numbers), socket_path(unix_socket ? host : "")
    {
        port = listen_on(acceptor, host, wanted_port, unix_socket);
        asio::co_spawn(context, accept_all(), [](const std::exception_ptr&) {});
        thread = base::start_thread("ferrule-metrics", [this] { context.run(); });
    }

    ~server()
    {
        asio::post(context, [this] { stop(); });
        thread.join();
    }

    asio::awaitable<void> accept_all();
    bool start(stream_protocol::socket socket);
    asio::awaitable<void> serve(connection_pointer peer);
    asio::awaitable<bool> serve_request(connection& peer);
    asio::awaitable<void> refuse(connection& peer, http_answer refusal);
    asio::awaitable<void> linger(connection& peer);
    void stop();

    registry& numbers;
    const std::string socket_path; ///< empty for TCP
    std::uint16_t port = 0;        ///< 0 for a Unix socket
    asio::io_context context{1};
    listening_socket acceptor{context};
    asio::steady_timer retry{context};
    asio::steady_timer stop_deadline{context};
    std::set<connection_pointer> connections;
    bool stopping = false;
    std::thread thread;
};

asio::awaitable<void> exporter::server::accept_all()
{
    while (!stopping) {
        auto [error, socket] = co_await acceptor.async_accept(no_throw);
        if (stopping)
            co_return;
        if (error || !start(std::move(socket))) {
            // Mostly EMFILE: the connection stays in the backlog, so trying at once would spin.
            retry.expires_after(accept_retry);
            co_await retry.async_wait(no_throw);
        }
    }
}

/// Takes the connection, or closes it if there are too many. False if there is no memory.
bool exporter::server::start(stream_protocol::socket socket)
try {
    if (connections.size() >= connections_max)
        return true;
    boost::system::error_code ignored; // a Unix socket has no such option
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    const auto peer = std::make_shared<connection>(std::move(socket));
    asio::co_spawn(context, serve(peer), [this, peer](const std::exception_ptr&) {
        connections.erase(peer); // an exception, too, can only be a want of memory
        if (stopping && connections.empty())
            stop_deadline.cancel();
    });
    connections.insert(peer);
    return true;
} catch (const std::bad_alloc&) {
    return false;
}

asio::awaitable<void> exporter::server::serve(connection_pointer peer)
{
    bool goes_on = true;
    while (goes_on && !stopping) {
        peer->stream.expires_after(request_timeout);
        goes_on = co_await serve_request(*peer);
        peer->answering = false;
    }
}

/// Reads one request and answers it. True if another one may follow on the connection.
asio::awaitable<bool> exporter::server::serve_request(connection& peer)
{
    http::request_parser<http::empty_body> parser;
    parser.header_limit(header_bytes_max);
    auto [read_error, read] =
        co_await http::async_read_header(peer.stream, peer.buffer, parser, no_throw);
    if (read_error) {
        if (const auto refusal = answer_to_error(read_error))
            co_await refuse(peer, *refusal);
        co_return false;
    }

    peer.answering = true;
    const auto& request = parser.get();
    auto reply = make_response(answer(to_std(request.method_string()), to_std(request.target()),
                                      numbers));
    reply.version(request.version());
    // A body would have to be read before the next request; nobody has a reason to send one.
    const bool keep_alive = request.keep_alive() && parser.is_done() && !stopping;
    reply.keep_alive(keep_alive);

    http::response_serializer<http::string_body> serializer(reply);
    boost::system::error_code write_error;
    if (request.method() == http::verb::head) {
        serializer.split(true);
        auto [error, written] =
            co_await http::async_write_header(peer.stream, serializer, no_throw);
        write_error = error;
    } else {
        auto [error, written] = co_await http::async_write(peer.stream, serializer, no_throw);
        write_error = error;
    }
    if (!write_error && !keep_alive)
        co_await linger(peer);
    co_return keep_alive && !write_error;
}

asio::awaitable<void> exporter::server::refuse(connection& peer, http_answer refusal)
{
    peer.answering = true;
    auto reply = make_response(std::move(refusal));
    reply.keep_alive(false);
    auto [error, written] = co_await http::async_write(peer.stream, reply, no_throw);
    if (!error)
        co_await linger(peer);
}

/// Our FIN, then the peer's: to close a socket with unread input resets it, and the reset destroys
/// the answer that was just written.
asio::awaitable<void> exporter::server::linger(connection& peer)
{
    peer.answering = false;
    boost::system::error_code error;
    peer.stream.socket().shutdown(asio::socket_base::shutdown_send, error);
    peer.stream.expires_after(linger_timeout);
    char scratch[4096];
    std::size_t discarded = 0;
    while (!error && !stopping && discarded < linger_bytes_max) {
        auto [read_error, read] =
            co_await peer.stream.async_read_some(asio::buffer(scratch), no_throw);
        error = read_error;
        discarded += read;
    }
}

/// Answers under way have a second left; the thread ends when nothing is left to do.
void exporter::server::stop()
{
    stopping = true;
    if (!socket_path.empty())
        unlink(socket_path.c_str()); // before closing: afterwards the name may be somebody else's
    boost::system::error_code ignored;
    acceptor.close(ignored);
    retry.cancel();
    bool answering = false;
    for (const auto& peer : connections) {
        if (peer->answering)
            answering = true;
        else
            peer->stream.close();
    }
    if (!answering)
        return;
    stop_deadline.expires_after(stop_timeout);
    stop_deadline.async_wait([this](const boost::system::error_code& error) {
        if (!error)
            context.stop();
    });
}

exporter::exporter(registry& numbers, const std::string& host, std::uint16_t port,
                   bool unix_socket)
    : server_(std::make_unique<server>(numbers, host, port, unix_socket))
{
}

exporter::~exporter() = default;

std::uint16_t exporter::port() const noexcept
{
    return server_->port;
}

} // namespace ferrule::metrics
