#pragma once

#include "backend.hpp"
#include "ticket_box.hpp"
#include "transport.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace load {

/// How the proxy ended the sessions, as the clients saw it.
struct endings {
    std::uint64_t clean = 0; ///< close_notify, then FIN (plain TCP: FIN)
    std::uint64_t bare = 0;  ///< FIN without close_notify
    std::uint64_t reset = 0; ///< RST
    std::uint64_t bad = 0;   ///< no handshake, an alert, wrong bytes
};

/// What the clients of one run share: where they connect, and what they count.
struct crowd {
    loop& events;
    SSL_CTX* context; ///< null for plain TCP
    std::uint16_t port;
    std::size_t message_size = 64;
    bool is_resuming = false;
    bool is_urgent = false;
    bool is_running = false; ///< go on with the next session, message, block
    ticket_box tickets{};
    endings ends{};
    std::uint64_t ready = 0;   ///< handshakes done
    std::uint64_t resumed = 0; ///< of these
    std::uint64_t over = 0;    ///< sessions ended, one way or another
    std::uint64_t messages = 0;
    std::uint64_t received = 0;     ///< bytes of downloads
    std::uint64_t sent = 0;         ///< bytes of uploads
    std::vector<float> latencies{}; ///< microseconds, while running
};

/// One client's session after another: opens, shakes hands, does what its kind does, counts how it
/// ended.
class client : public handler {
public:
    client(crowd& all, bool urgent = false)
        : all_(all), connection_(all.events, all.context, *this, urgent)
    {
    }

    void open();
    void say_goodbye();
    bool is_open() const { return connection_.is_open(); }
    void on_events(std::uint32_t events) final;

protected:
    virtual void on_ready() = 0;
    virtual void on_data(std::span<const char> bytes) = 0;
    virtual void on_writable() {}
    virtual void on_over() {}

    crowd& all_;
    transport connection_;

private:
    void read_all();
    void on_status(status what);
    void end(std::uint64_t& how);

    bool is_ready_ = false;
    bool is_notified_ = false;
    bool is_leaving_ = false;
};

/// A whole session: handshake, 64 bytes and their echo, close_notify, the proxy's end; and again.
class handshake_client : public client {
public:
    using client::client;

private:
    void on_ready() override;
    void on_data(std::span<const char> bytes) override;
    void on_over() override;

    std::size_t missing_ = 0;
};

/// One message and its echo after the other.
class message_client : public client {
public:
    using client::client;
    void send_message();
    bool is_waiting() const { return missing_ > 0; }

private:
    void on_ready() override { send_message(); }
    void on_data(std::span<const char> bytes) override;

    std::size_t missing_ = 0;
    double since_ = 0;
};

/// Asks the backend for something with one byte, and counts what comes: downloads, idle sessions.
class asking_client : public client {
public:
    asking_client(crowd& all, wish what) : client(all), wish_(what) {}

private:
    void on_ready() override;
    void on_data(std::span<const char> bytes) override { all_.received += bytes.size(); }

    wish wish_;
};

/// Sends without end.
class upload_client : public client {
public:
    using client::client;
    void upload();

private:
    void on_ready() override;
    void on_data(std::span<const char>) override { ++all_.ends.bad; }
    void on_writable() override { upload(); }
};

} // namespace load
