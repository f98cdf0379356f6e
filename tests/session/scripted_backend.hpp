// A server of a backend, driven by a script: it listens on a port that the kernel chooses and takes
// one connection.
#pragma once

#include "net/address.hpp"
#include "session/raw_peer.hpp"

#include <string>
#include <string_view>

namespace ferrule::test {

class scripted_backend {
public:
    /// `window` as in make_tcp_socket.
    explicit scripted_backend(int window = 0) : listener_{make_tcp_socket(window)}
    {
        bind_to_loopback(listener_);
        if (::listen(listener_.get(), 16) != 0)
            fail("listen");
    }

    net::address where() const
    {
        return net::address::ip("127.0.0.1", port_of(listener_.get())).value();
    }

    // --- what it does ---

    /// As a server that is stopped, and one that is started again on the same port.
    void refuse()
    {
        const sockaddr_in where = loopback_port(port_of(listener_.get()));
        listener_ = make_tcp_socket(0);
        const int on = 1;
        setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&where), sizeof(where)) != 0)
            fail("bind");
        is_listening_ = false;
    }
    void serve_again()
    {
        if (::listen(listener_.get(), 16) != 0)
            fail("listen");
        is_listening_ = true;
    }

    void send(std::string_view text)
    {
        if (tcp_.can_send())
            sent_ += text;
        tcp_.send(text);
    }
    void finish() { tcp_.finish(); }
    void reset() { tcp_.reset(); }
    void close() { tcp_.close(); }
    void stop_reading() { tcp_.set_appetite(0); }
    /// Reads what is there now, and nothing more.
    void gulp()
    {
        tcp_.gulp();
        pump();
    }
    void read_on() { tcp_.set_appetite(raw_peer::everything); }

    bool pump()
    {
        bool moved = false;
        if (!is_connected()) {
            net::descriptor fresh{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
            if (!fresh.is_open())
                return false;
            tcp_.use(std::move(fresh));
            was_connected_ = moved = true;
        }
        moved = tcp_.pump() || moved;
        received_ += tcp_.take();
        return moved;
    }

    // --- what it saw ---

    /// There is, or was, a connection.
    bool is_connected() const { return was_connected_; }
    const std::string& sent() const { return sent_; }
    const std::string& received() const { return received_; }
    bool saw_fin() const { return tcp_.saw_fin(); }
    bool saw_reset() const { return tcp_.saw_reset(); }
    const raw_peer& tcp() const { return tcp_; }

    pollfd waited() const
    {
        if (is_connected())
            return tcp_.waited();
        return {.fd = is_listening_ ? listener_.get() : -1, .events = POLLIN, .revents = 0};
    }

private:
    net::descriptor listener_;
    raw_peer tcp_;
    std::string sent_;
    std::string received_;
    bool was_connected_ = false;
    bool is_listening_ = true;
};

} // namespace ferrule::test
