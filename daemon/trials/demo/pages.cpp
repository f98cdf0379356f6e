// One coroutine for each connection, one more for each kind of answer. Some versions of GCC destroy
// a temporary inside a co_await expression twice; so here whatever owns memory has a name.
#include "trials/demo/pages.hpp"

#include "trials/demo/text.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <array>
#include <linux/sockios.h>
#include <sys/ioctl.h>

namespace ferrule::demo {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::use_awaitable;
using boost::system::error_code;

using request_parser = http::request_parser<http::buffer_body>;
using request_head = http::request_header<>;

constexpr std::chrono::minutes idle_limit{10};
constexpr std::chrono::seconds linger_limit{30};
constexpr std::chrono::milliseconds poll_interval{5};

/// What the answer leaves of the connection.
enum class then : std::uint8_t { go_on, end };

/// False also if there is a body that nobody wants: it is not read, so what would come next on this
/// connection is unclear.
bool goes_on(const request_parser& request)
{
    return request.keep_alive() && request.is_done();
}

http::response<http::empty_body> make_head(const request_head& request, http::status status)
{
    http::response<http::empty_body> head(status, request.version());
    head.set(http::field::server, "ferrule-demo");
    head.set(http::field::content_type, "text/plain; charset=utf-8");
    return head;
}

asio::awaitable<void> send_bytes(demo_connection& peer, std::uint64_t count)
{
    const std::string_view block = filler();
    while (count > 0) {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(count, block.size()));
        peer.stream.expires_after(idle_limit);
        co_await asio::async_write(peer.stream, asio::buffer(block.data(), size), use_awaitable);
        count -= size;
    }
}

asio::awaitable<void> send_text(demo_connection& peer, const request_head& request, bool keep_alive,
                                http::status status, const std::string& text)
{
    auto head = make_head(request, status);
    head.content_length(text.size());
    head.keep_alive(keep_alive);
    if (status == http::status::method_not_allowed)
        head.set(http::field::allow, "GET, HEAD, POST, PUT");
    peer.stream.expires_after(idle_limit);
    co_await http::async_write(peer.stream, head, use_awaitable);
    if (request.method() != http::verb::head)
        co_await asio::async_write(peer.stream, asio::buffer(text), use_awaitable);
}

asio::awaitable<then> send_counted(demo_connection& peer, const request_parser& request,
                                   std::uint64_t count)
{
    auto head = make_head(request.get(), http::status::ok);
    head.content_length(count);
    head.keep_alive(goes_on(request));
    peer.stream.expires_after(idle_limit);
    co_await http::async_write(peer.stream, head, use_awaitable);
    if (request.get().method() != http::verb::head)
        co_await send_bytes(peer, count);
    co_return goes_on(request) ? then::go_on : then::end;
}

asio::awaitable<then> send_until_end(demo_connection& peer, const request_parser& request,
                                     std::uint64_t count)
{
    auto head = make_head(request.get(), http::status::ok);
    head.keep_alive(false);
    peer.stream.expires_after(idle_limit);
    co_await http::async_write(peer.stream, head, use_awaitable);
    if (request.get().method() != http::verb::head)
        co_await send_bytes(peer, count);
    co_return then::end;
}

/// Bytes that the kernel still holds for the peer, or that the peer has not acknowledged yet.
int unacknowledged(demo_connection& peer)
{
    int bytes = 0;
    return ioctl(peer.stream.socket().native_handle(), SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

/// An RST destroys what is in the send queue; waiting for the queue makes N bytes arrive each time.
asio::awaitable<void> wait_for_delivery(demo_connection& peer)
{
    asio::steady_timer timer(peer.stream.get_executor());
    auto waited = poll_interval * 0;
    for (int before = 0, now = unacknowledged(peer); now > 0 && waited < linger_limit;
         before = now, now = unacknowledged(peer)) {
        waited = now == before ? waited + poll_interval : poll_interval * 0;
        timer.expires_after(poll_interval);
        co_await timer.async_wait(use_awaitable);
    }
}

asio::awaitable<then> send_and_reset(demo_connection& peer, const request_parser& request,
                                     std::uint64_t count)
{
    auto head = make_head(request.get(), http::status::ok);
    head.content_length(2 * count + 1000);
    peer.stream.expires_after(idle_limit);
    co_await http::async_write(peer.stream, head, use_awaitable);
    if (request.get().method() == http::verb::head)
        co_return then::end;
    co_await send_bytes(peer, count);
    co_await wait_for_delivery(peer);
    peer.stream.socket().set_option(asio::socket_base::linger(true, 0));
    peer.stream.close();
    co_return then::end;
}

/// A body that comes in pieces is read and written with this "error" after each of them.
void throw_unless_more_is_wanted(const error_code& error)
{
    if (error && error != http::error::need_buffer)
        throw boost::system::system_error(error);
}

using piece_buffer = std::array<char, 64 * 1024>;

/// Reads some of the body; 0 bytes say nothing about its end.
asio::awaitable<std::size_t> read_piece(demo_connection& peer, request_parser& request,
                                        piece_buffer& piece)
{
    auto& incoming = request.get().body();
    incoming.data = piece.data();
    incoming.size = piece.size();
    error_code error;
    peer.stream.expires_after(idle_limit);
    if (!request.is_done())
        co_await http::async_read_some(peer.stream, peer.input, request,
                                       asio::redirect_error(use_awaitable, error));
    throw_unless_more_is_wanted(error);
    co_return piece.size() - incoming.size;
}

/// Sends back each piece of the body before it reads the next one.
asio::awaitable<then> echo(demo_connection& peer, request_parser& request)
{
    if (boost::beast::iequals(request.get()[http::field::expect], "100-continue")) {
        const http::response<http::empty_body> go_on(http::status::continue_, 11);
        co_await http::async_write(peer.stream, go_on, use_awaitable);
    }
    http::response<http::buffer_body> answer(make_head(request.get(), http::status::ok).base());
    if (request.get().find(http::field::content_type) != request.get().end())
        answer.set(http::field::content_type, request.get()[http::field::content_type]);
    answer.keep_alive(request.keep_alive());
    if (request.chunked())
        answer.chunked(true);
    else
        answer.content_length(request.content_length().value_or(0));

    http::response_serializer<http::buffer_body> serializer(answer);
    piece_buffer piece;
    do {
        const std::size_t size = co_await read_piece(peer, request, piece);
        auto& outgoing = answer.body();
        // An empty piece would be written as a chunk of size 0, which ends a chunked body.
        outgoing.data = size > 0 ? piece.data() : nullptr;
        outgoing.size = size;
        outgoing.more = !request.is_done();
        error_code error;
        peer.stream.expires_after(idle_limit);
        if (size > 0 || !outgoing.more)
            co_await http::async_write(peer.stream, serializer,
                                       asio::redirect_error(use_awaitable, error));
        throw_unless_more_is_wanted(error);
    } while (!request.is_done());
    co_return request.keep_alive() ? then::go_on : then::end;
}

asio::awaitable<then> answer(demo_connection& peer, request_parser& request)
{
    const http::verb method = request.get().method();
    if (method == http::verb::post || method == http::verb::put)
        co_return co_await echo(peer, request);

    std::string text = "no such page; / lists them\n";
    http::status status = http::status::not_found;
    const demo_target target = target_of(request.get().target());
    if (method != http::verb::get && method != http::verb::head) {
        status = http::status::method_not_allowed;
        text = "GET, HEAD, POST and PUT are what this server knows\n";
    } else if (target.is_bad) {
        status = http::status::bad_request;
        text = "a number of bytes is needed, at most 10737418240 (10 GiB)\n";
    } else if (target.page == demo_page::start) {
        status = http::status::ok;
        text = start_page(request.get()[http::field::host]);
    } else if (target.page == demo_page::bytes) {
        co_return co_await send_counted(peer, request, target.count);
    } else if (target.page == demo_page::stream) {
        co_return co_await send_until_end(peer, request, target.count);
    } else if (target.page == demo_page::reset) {
        co_return co_await send_and_reset(peer, request, target.count);
    }
    co_await send_text(peer, request.get(), goes_on(request), status, text);
    co_return goes_on(request) ? then::go_on : then::end;
}

/// True if it is about what the client wrote, not about its connection.
bool is_about_http(const error_code& error)
{
    const error_code quiet_end = http::error::end_of_stream;
    return error.category() == quiet_end.category() && error != quiet_end;
}

asio::awaitable<void> refuse(demo_connection& peer, const request_parser& request,
                             const error_code& error)
{
    const auto status = error == http::error::body_limit ? http::status::payload_too_large
                                                         : http::status::bad_request;
    const std::string text = "bad request: " + error.message() + "\n";
    co_await send_text(peer, request.get(), false, status, text);
}

/// Sends FIN and reads on for a while, so that unread input does not make the kernel reset the tail
/// of the answer.
asio::awaitable<void> end(demo_connection& peer)
{
    peer.is_idle = true;
    error_code error;
    peer.stream.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
    std::array<char, 4096> ignored;
    peer.stream.expires_after(linger_limit);
    while (!error)
        co_await peer.stream.async_read_some(asio::buffer(ignored),
                                             asio::redirect_error(use_awaitable, error));
}

} // namespace

asio::awaitable<void> serve_pages(demo_connection& peer)
{
    auto next = then::go_on;
    while (next == then::go_on) {
        request_parser request;
        request.body_limit(most_demo_bytes);
        error_code error;
        peer.is_idle = true;
        peer.stream.expires_after(idle_limit);
        co_await http::async_read_header(peer.stream, peer.input, request,
                                         asio::redirect_error(use_awaitable, error));
        peer.is_idle = false;
        if (is_about_http(error))
            co_await refuse(peer, request, error);
        next = then::end;
        if (!error)
            next = co_await answer(peer, request);
    }
    co_await end(peer);
}

} // namespace ferrule::demo
