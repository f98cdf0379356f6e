// One client of the exporter: reads requests, writes answers, and never waits without a bound.
#pragma once

#include "base/time.hpp"
#include "exporter/password.hpp"
#include "exporter/stream.hpp"
#include "metrics/registry.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace ferrule::exporter {

struct http_answer;
class exporter_connection;
using open_connections = std::set<exporter_connection*>;

/// What all connections share; it must outlive them.
struct exporter_surroundings {
    metrics::registry& numbers;
    password_gate& gate;
    const base::milliseconds request_timeout;
    /// Who listens elsewhere is asked by names that only the network knows, and says which they are
    /// or takes all.
    const bool is_loopback;
    std::vector<std::string> hosts;
    bool checks_hosts() const noexcept { return is_loopback || !hosts.empty(); }
    open_connections open{};
    std::uint64_t accepted = 0;
};

/// Lives as long as a read or write of it is pending, and keeps itself in `open`. The exporter's
/// thread only.
class exporter_connection : public std::enable_shared_from_this<exporter_connection> {
public:
    /// Whom it serves: everybody, or one probe (/healthz, /readyz).
    enum class serves : std::uint8_t { all, probes };

    exporter_connection(stream_ptr accepted, exporter_surroundings& shared, serves whom);
    ~exporter_connection() { shared_.open.erase(this); }
    exporter_connection(const exporter_connection&) = delete;
    exporter_connection& operator=(const exporter_connection&) = delete;

    /// Begins to serve.
    void start();

    /// Ends it now, unless an answer is under way: then after that.
    void stop();

    /// In the order in which they were accepted.
    std::uint64_t number() const noexcept { return number_; }

    /// On a place for probes, and not answering.
    bool can_give_way() const noexcept
    {
        return whom_ == serves::probes && !answering_ && !gave_way_;
    }

    /// Ends it, and leaves its place at once.
    void give_way();

private:
    void next_request();
    void read_header();
    void admit();
    void admitted(password_gate::verdict verdict);
    void reply(http_answer said);
    void refuse(const http_answer& refusal);
    void write();
    void linger(base::milliseconds patience);
    void discard();
    void close_after(base::milliseconds duration);
    void time_is_up();
    void close();

    using request_parser = boost::beast::http::request_parser<boost::beast::http::empty_body>;

    exporter_surroundings& shared_;
    const serves whom_;
    const std::uint64_t number_;
    stream_ptr stream_;
    boost::asio::steady_timer deadline_;
    boost::beast::flat_buffer input_;
    std::optional<request_parser> parser_;
    std::string wire_;             ///< the answer
    std::array<char, 4096> waste_; ///< late input, thrown away
    std::size_t discarded_ = 0;
    bool keep_alive_ = false; ///< another request may follow the answer
    bool is_waiting_ = false; ///< for a request of which nothing has come yet
    bool answering_ = false;  ///< a request is here and its answer is not yet out
    bool has_ended_ = false;  ///< our goodbye has begun
    bool stopping_ = false;
    bool gave_way_ = false;
};

} // namespace ferrule::exporter
