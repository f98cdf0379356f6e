#include "metrics/exporter_connection.hpp"

#include "metrics/http_answer.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <ctime>
#include <sstream>
#include <string_view>
#include <utility>

namespace ferrule::metrics {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using namespace std::chrono_literals;

constexpr std::uint32_t header_bytes_max = 8 * 1024;
constexpr std::size_t read_bytes = 4096;
constexpr auto linger_timeout = 1s;
constexpr std::size_t linger_bytes_max = 64 * 1024;

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7).
std::string http_date()
{
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    char text[40];
    return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

/// The answer as it goes over the wire.
std::string to_wire(http_answer said, unsigned version, bool keep_alive, bool with_body)
{
    http::response<http::string_body> reply(http::int_to_status(said.status), version);
    reply.set(http::field::date, http_date());
    reply.set(http::field::content_type, said.type);
    for (const http_field& each : said.fields)
        reply.set(each.name, each.value);
    reply.keep_alive(keep_alive);
    reply.body() = std::move(said.body);
    reply.prepare_payload();
    std::ostringstream wire;
    if (with_body)
        wire << reply;
    else
        wire << reply.base(); // HEAD: the length is that of the body which is left out
    return wire.str();
}

std::string_view to_std(boost::beast::string_view text)
{
    return {text.data(), text.size()};
}

} // namespace

exporter_connection::exporter_connection(stream_protocol::socket&& accepted, open_connections& open,
                                         const registry& numbers,
                                         base::milliseconds request_timeout)
    : open_(open),
      numbers_(numbers),
      request_timeout_(request_timeout),
      socket_(std::move(accepted)),
      deadline_(socket_.get_executor())
{
    open_.insert(this);
    error_code ignored; // a Unix socket has no such option
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

// The functions below lead to one another in a circle, but each turn of it waits for the socket and
// comes back through the event loop.
// NOLINTBEGIN(misc-no-recursion)

void exporter_connection::next_request()
{
    parser_.emplace();
    parser_->header_limit(header_bytes_max);
    close_after(request_timeout_);
    read_header();
}

/// Reads until the parser has a whole header. What follows it stays in the input.
void exporter_connection::read_header()
{
    error_code error = http::error::need_more;
    if (input_.size() > 0)
        input_.consume(parser_->put(input_.data(), error));
    if (parser_->is_header_done())
        return reply();
    if (input_.size() > header_bytes_max)
        error = http::error::header_limit;
    if (error == http::error::header_limit)
        return refuse({431, "the header is too long\n"});
    if (error && error != http::error::need_more)
        return refuse({400, "not an HTTP request\n"});
    socket_.async_read_some(input_.prepare(read_bytes),
                            [self = shared_from_this()](error_code read_error, std::size_t read) {
                                if (read_error)
                                    return self->close();
                                self->input_.commit(read);
                                self->read_header();
                            });
}

void exporter_connection::reply()
{
    const auto& request = parser_->get();
    // A body would have to be read before the next request; nobody has a reason to send one.
    keep_alive_ = request.keep_alive() && parser_->is_done();
    wire_ = to_wire(answer(to_std(request.method_string()), to_std(request.target()), numbers_),
                    request.version(), keep_alive_, request.method() != http::verb::head);
    write();
}

void exporter_connection::refuse(const http_answer& refusal)
{
    keep_alive_ = false;
    wire_ = to_wire(refusal, 11, false, true);
    write();
}

void exporter_connection::write()
{
    answering_ = true;
    asio::async_write(socket_, asio::buffer(wire_),
                      [self = shared_from_this()](error_code error, std::size_t) {
                          self->answering_ = false;
                          if (error || (self->keep_alive_ && self->stopping_))
                              self->close();
                          else if (self->keep_alive_)
                              self->next_request();
                          else
                              self->linger();
                      });
}

// NOLINTEND(misc-no-recursion)

/// Our FIN, then the peer's: to close a socket with unread input resets it, and the reset destroys
/// the answer that was just written.
void exporter_connection::linger()
{
    error_code ignored;
    socket_.shutdown(asio::socket_base::shutdown_send, ignored);
    close_after(linger_timeout);
    discard();
}

void exporter_connection::discard()
{
    input_.clear();
    socket_.async_read_some(input_.prepare(read_bytes),
                            [self = shared_from_this()](error_code error, std::size_t read) {
                                self->discarded_ += read;
                                if (error || self->discarded_ > linger_bytes_max)
                                    self->close();
                                else
                                    self->discard();
                            });
}

/// Closes the socket then, and so ends whatever waits for it, unless a later call moves the moment.
void exporter_connection::close_after(base::milliseconds duration)
{
    deadline_.expires_after(duration);
    deadline_.async_wait([weak = weak_from_this()](error_code error) {
        const auto self = weak.lock();
        // An expiry that was already on its way when the moment was moved is not meant any more.
        if (self && !error && self->deadline_.expiry() <= std::chrono::steady_clock::now())
            self->close();
    });
}

void exporter_connection::close()
{
    error_code ignored;
    socket_.close(ignored);
    deadline_.cancel();
}

void exporter_connection::stop()
{
    stopping_ = true;
    if (!answering_)
        close();
}

} // namespace ferrule::metrics
