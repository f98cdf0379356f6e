// One session under trial: Ferrule with one listener, a scripted client, a scripted server.
#pragma once

#include "log/session_log.hpp"
#include "process/deployment.hpp"
#include "tls/trial_client.hpp"
#include "trials/selftest/rows.hpp"
#include "trials/selftest/socket.hpp"
#include "worker/worker.hpp"

#include <memory>
#include <optional>
#include <span>

namespace ferrule::selftest {

/// A worker that serves the one listener of a configuration by settings_for.
class selftest_proxy {
public:
    /// Throws std::runtime_error if it cannot start.
    explicit selftest_proxy(const config::settings& settings);

    std::uint16_t port() const noexcept { return port_; }

    void drain(const config::drain_settings& how);

    /// The session that ended; nullopt if none did until `until`.
    std::optional<told_ending> told(base::time_point until);

private:
    metrics::registry numbers_{1};
    log::session_log log_;
    process::deployment deployment_;
    worker::session_limit limit_;
    worker::worker worker_;
    std::uint16_t port_ = 0;
};

/// The server behind Ferrule.
class selftest_backend {
public:
    /// Takes a port of 127.0.0.1; whoever connects before listen() is refused.
    selftest_backend();

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    void listen() { acceptor_.listen(); }
    bool accept(base::time_point until);
    bool is_connected() const noexcept { return connected_; }

    void receive(std::uint64_t bytes, base::time_point until); ///< so many in all
    void read_to_end(base::time_point until); ///< what is there is read, however late it is
    void send(std::uint64_t bytes);
    void finish() { socket_.finish(); }
    void reset() { socket_.reset(); }
    void look_for_reset(base::time_point until) { socket_.look_for_reset(until); }
    seen_end end() const noexcept { return socket_.end(); }
    sighting seen() const;

private:
    boost::asio::io_context io_{1};
    boost::asio::ip::tcp::acceptor acceptor_{io_};
    selftest_socket socket_{io_};
    bool connected_ = false;
    std::uint64_t bytes_ = 0;
};

/// The client before it.
class selftest_client {
public:
    selftest_client(int version, const std::string& groups) : tls_{version, groups} {}

    void connect(std::uint16_t port, int receive_buffer) { socket_.connect(port, receive_buffer); }
    void handshake(base::time_point until);
    bool is_established() const noexcept { return tls_.is_established(); }

    void write(std::uint64_t bytes) { tls_.write(bytes); } ///< sent with what follows
    void say_close_notify() { tls_.finish(); }
    void flush(bool spoil_last_byte = false); ///< sends what was written, in one write
    void say_canceled() { tls_.finish_as_canceled(); }
    void say_half_a_message() { tls_.finish_amid_message(); }
    void finish() { socket_.finish(); } ///< FIN, without close_notify
    void reset() { socket_.reset(); }
    void goodbye(); ///< close_notify and FIN

    void receive(std::uint64_t bytes, base::time_point until); ///< so many in all
    bool read_until(base::time_point until);                   ///< whether something came
    void read_to_end(base::time_point until);
    void wait_until_given_up(base::time_point until) { socket_.wait_without_reading(until); }
    void look_for_reset(base::time_point until) { socket_.look_for_reset(until); }
    seen_end end() const noexcept { return socket_.end(); }
    sighting seen() const;

private:
    boost::asio::io_context io_{1};
    selftest_socket socket_{io_};
    tls::trial_client tls_;
};

} // namespace ferrule::selftest
