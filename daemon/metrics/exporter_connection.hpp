// One client of the exporter: reads requests, writes answers, and never waits without a bound.
#pragma once

#include "base/time.hpp"
#include "metrics/listening_socket.hpp"
#include "metrics/registry.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <memory>
#include <optional>
#include <set>
#include <string>

namespace ferrule::metrics {

struct http_answer;
class exporter_connection;
using open_connections = std::set<exporter_connection*>;

/// Lives as long as a read or write of it is pending, and keeps itself in `open`. The exporter's
/// thread only. `open` and `numbers` must outlive it.
class exporter_connection : public std::enable_shared_from_this<exporter_connection> {
public:
    exporter_connection(stream_protocol::socket&& accepted, open_connections& open,
                        const registry& numbers, base::milliseconds request_timeout);
    ~exporter_connection() { open_.erase(this); }
    exporter_connection(const exporter_connection&) = delete;
    exporter_connection& operator=(const exporter_connection&) = delete;

    /// Begins to serve.
    void next_request();

    /// Ends it now, unless an answer is under way: then after that.
    void stop();

private:
    void read_header();
    void reply();
    void refuse(const http_answer& refusal);
    void write();
    void linger();
    void discard();
    void close_after(base::milliseconds duration);
    void close();

    using request_parser = boost::beast::http::request_parser<boost::beast::http::empty_body>;

    open_connections& open_;
    const registry& numbers_;
    const base::milliseconds request_timeout_;
    stream_protocol::socket socket_;
    boost::asio::steady_timer deadline_;
    boost::beast::flat_buffer input_;
    std::optional<request_parser> parser_;
    std::string wire_; ///< the answer
    std::size_t discarded_ = 0;
    bool keep_alive_ = false; ///< another request may follow the answer
    bool answering_ = false;  ///< a request is here and its answer is not yet out
    bool stopping_ = false;
};

} // namespace ferrule::metrics
