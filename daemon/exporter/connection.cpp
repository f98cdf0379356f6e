#include "exporter/connection.hpp"

#include "exporter/http_answer.hpp"
#include "exporter/served_hosts.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <ctime>
#include <sstream>
#include <string_view>
#include <utility>

namespace ferrule::exporter {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using namespace std::chrono_literals;

constexpr std::uint32_t header_bytes_max = 8 * 1024;
constexpr std::size_t read_bytes = 4096;
constexpr auto linger_timeout = 1s;
constexpr auto stop_patience = 200ms;
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

bool is_open_to_all(std::string_view target)
{
    const auto path = target.substr(0, target.find('?'));
    return path == "/healthz" || path == "/readyz";
}

} // namespace

exporter_connection::exporter_connection(stream_ptr accepted, exporter_surroundings& shared,
                                         serves whom)
    : shared_(shared),
      whom_(whom),
      number_(shared.accepted++),
      stream_(std::move(accepted)),
      deadline_(stream_->socket().get_executor())
{
    shared_.open.insert(this);
    error_code ignored; // a Unix socket has no such option
    stream_->socket().set_option(asio::ip::tcp::no_delay(true), ignored);
}

// The functions below lead to one another in a circle, but each turn of it waits for the socket and
// comes back through the event loop.
// NOLINTBEGIN(misc-no-recursion)

void exporter_connection::start()
{
    close_after(shared_.request_timeout);
    stream_->begin([self = shared_from_this()](error_code error) {
        if (error) // not TLS, or none of ours; OpenSSL has sent an alert if there was a point in it
            self->linger(linger_timeout);
        else
            self->next_request();
    });
}

void exporter_connection::next_request()
{
    parser_.emplace();
    parser_->header_limit(header_bytes_max);
    close_after(shared_.request_timeout);
    is_waiting_ = input_.size() == 0;
    read_header();
}

/// Reads until the parser has a whole header. What follows it stays in the input.
void exporter_connection::read_header()
{
    error_code error = http::error::need_more;
    if (input_.size() > 0)
        input_.consume(parser_->put(input_.data(), error));
    if (parser_->is_header_done())
        return admit();
    if (input_.size() > header_bytes_max)
        error = http::error::header_limit;
    if (error == http::error::header_limit)
        return refuse({431, "the header is too long\n"});
    if (error && error != http::error::need_more)
        return refuse({400, "not an HTTP request\n"});
    stream_->read(input_.prepare(read_bytes),
                  [self = shared_from_this()](error_code read_error, std::size_t read) {
                      self->is_waiting_ = false;
                      if (self->has_ended_ && !read_error)
                          return; // a request that crossed our goodbye: it is not answered
                      if (read_error == asio::error::eof && !self->has_ended_)
                          return self->linger(linger_timeout); // it has ended; now we do
                      if (read_error)
                          return self->close();
                      self->input_.commit(read);
                      self->read_header();
                  });
}

/// Probes of a kubelet or load balancer have no password, ask for any host, and find a place.
void exporter_connection::admit()
{
    answering_ = true;
    const auto& request = parser_->get();
    if (is_open_to_all(to_std(request.target())))
        return admitted(password_gate::verdict::good);
    if (whom_ == serves::probes)
        return refuse(crowded());
    if (shared_.checks_hosts() &&
        !is_served_host(to_std(request[http::field::host]), shared_.hosts))
        return reply(misdirected());
    shared_.gate.check(
        to_std(request[http::field::authorization]),
        [self = shared_from_this()](password_gate::verdict verdict) { self->admitted(verdict); });
}

void exporter_connection::admitted(password_gate::verdict verdict)
{
    const auto& request = parser_->get();
    switch (verdict) {
    case password_gate::verdict::good:
        return reply(
            answer(to_std(request.method_string()), to_std(request.target()), shared_.numbers));
    case password_gate::verdict::bad:
        ++shared_.numbers.process().passwords_refused;
        return reply(unauthorized());
    case password_gate::verdict::busy: break;
    }
    ++shared_.numbers.process().passwords_refused;
    reply(too_many_passwords());
}

void exporter_connection::reply(http_answer said)
{
    const auto& request = parser_->get();
    // A body would have to be read before the next request; nobody has a reason to send one.
    keep_alive_ = request.keep_alive() && parser_->is_done() && whom_ == serves::all;
    wire_ = to_wire(std::move(said), request.version(), keep_alive_,
                    request.method() != http::verb::head);
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
    stream_->write(asio::buffer(wire_), [self = shared_from_this()](error_code error, std::size_t) {
        self->answering_ = false;
        if (error)
            self->close();
        else if (self->keep_alive_ && self->stopping_)
            self->linger(stop_patience);
        else if (self->keep_alive_)
            self->next_request();
        else
            self->linger(linger_timeout);
    });
}

// NOLINTEND(misc-no-recursion)

/// Our end, then the peer's: to close a socket with unread input resets it, and the reset destroys
/// the answer that was just written. A read that waits for a request may still be pending.
void exporter_connection::linger(base::milliseconds patience)
{
    is_waiting_ = false;
    has_ended_ = true;
    close_after(patience);
    stream_->finish([self = shared_from_this()](error_code) { self->discard(); });
}

/// What still comes is of no interest, so it is not decrypted either.
void exporter_connection::discard()
{
    stream_->socket().async_read_some(
        asio::buffer(waste_), [self = shared_from_this()](error_code error, std::size_t read) {
            self->discarded_ += read;
            if (error || self->discarded_ > linger_bytes_max)
                self->close();
            else
                self->discard();
        });
}

/// Ends it then, unless a later call moves the moment.
void exporter_connection::close_after(base::milliseconds duration)
{
    deadline_.expires_after(duration);
    deadline_.async_wait([weak = weak_from_this()](error_code error) {
        const auto self = weak.lock();
        // An expiry that was already on its way when the moment was moved is not meant any more.
        if (self && !error && self->deadline_.expiry() <= std::chrono::steady_clock::now())
            self->time_is_up();
    });
}

void exporter_connection::time_is_up()
{
    if (is_waiting_)
        linger(linger_timeout);
    else
        close();
}

/// Ends whatever waits for the socket.
void exporter_connection::close()
{
    error_code ignored;
    stream_->socket().close(ignored);
    deadline_.cancel();
}

void exporter_connection::give_way()
{
    gave_way_ = true;
    shared_.open.erase(this); // the handlers that keep it alive run later
    close();
}

void exporter_connection::stop()
{
    stopping_ = true;
    if (is_waiting_)
        linger(stop_patience);
    else if (has_ended_)
        close_after(stop_patience);
    else if (!answering_)
        close();
}

} // namespace ferrule::exporter
