// Real connections for tests: pairs of sockets on loopback, and waiting that is bounded.
//
// Ports are chosen by the kernel. Nothing sleeps: a test waits for a descriptor (poll(2)), or
// yields until the kernel has done what it does by itself; both give up after a while and fail.
#pragma once

#include "net/descriptor.hpp"
#include "net/event_set.hpp"
#include "net/wakeable.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace ferrule::test {

/// Waits until one of `events` (POLLIN, POLLOUT, …) is there. False after ten seconds.
inline bool is_ready(int descriptor, short events)
{
    pollfd waited{.fd = descriptor, .events = events, .revents = 0};
    int count = 0;
    do {
        count = poll(&waited, 1, 10'000);
    } while (count < 0 && errno == EINTR);
    return count == 1;
}

/// Gives the processor away until `condition` holds. False if it never does.
template <typename Condition>
bool comes_true(Condition condition)
{
    for (int turn = 0; turn < 2'000'000; ++turn) {
        if (condition())
            return true;
        sched_yield();
    }
    return false;
}

[[noreturn]] inline void fail(const char* what)
{
    throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

inline void set_non_blocking(int descriptor)
{
    if (fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) != 0)
        fail("fcntl");
}

/// close(2) resets (SO_LINGER with time 0).
inline bool is_armed(int descriptor)
{
    linger chosen{};
    socklen_t size = sizeof(chosen);
    if (getsockopt(descriptor, SOL_SOCKET, SO_LINGER, &chosen, &size) != 0)
        fail("SO_LINGER");
    return chosen.l_onoff != 0 && chosen.l_linger == 0;
}

/// The far end of a connection, driven by the test. Blocking; does what its names say.
class far_end {
public:
    far_end() = default;
    explicit far_end(net::descriptor socket) noexcept : socket_{std::move(socket)} {}

    int native() const noexcept { return socket_.get(); }

    void send(std::string_view text) const
    {
        while (!text.empty()) {
            const ssize_t count = ::send(native(), text.data(), text.size(), MSG_NOSIGNAL);
            if (count < 0)
                fail("send");
            text.remove_prefix(static_cast<std::size_t>(count));
        }
    }

    /// What comes next, at most `size` bytes: "" is a FIN, "RST" a reset, "nothing" ten seconds
    /// without either.
    std::string receive(std::size_t size = 65536) const
    {
        if (!is_ready(native(), POLLIN))
            return "nothing";
        std::string text(size, '\0');
        const ssize_t count = ::recv(native(), text.data(), text.size(), 0);
        if (count < 0 && errno == ECONNRESET)
            return "RST";
        if (count < 0)
            fail("recv");
        text.resize(static_cast<std::size_t>(count));
        return text;
    }

    /// Everything up to the end of the stream; an end by RST is appended as "RST".
    std::string receive_all() const
    {
        std::string all;
        for (std::string next = receive(); !next.empty(); next = receive()) {
            all += next;
            if (next == "RST" || next == "nothing")
                break;
        }
        return all;
    }

    /// Bytes that wait to be received.
    std::size_t waiting() const
    {
        int count = 0;
        if (ioctl(native(), FIONREAD, &count) != 0)
            fail("FIONREAD");
        return static_cast<std::size_t>(count);
    }

    void finish() const
    {
        if (::shutdown(native(), SHUT_WR) != 0)
            fail("shutdown");
    }

    /// Closes; with unread input the kernel makes a reset of it.
    void close() { socket_.reset(); }

    void reset()
    {
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        setsockopt(native(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        socket_.reset();
    }

private:
    net::descriptor socket_;
};

/// Two ends of one connection: `near` is non-blocking and goes to what is tested.
struct connection {
    net::descriptor near;
    far_end far;
};

/// `buffer_bytes`: the size of both sockets' buffers, 0 for the kernel's own.
inline connection make_tcp_connection(int buffer_bytes = 0)
{
    const auto open = [&] {
        net::descriptor made{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        if (!made.is_open())
            fail("socket");
        if (buffer_bytes != 0) {
            setsockopt(made.get(), SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof(buffer_bytes));
            setsockopt(made.get(), SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof(buffer_bytes));
        }
        return made;
    };
    const net::descriptor listener = open();
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(where);
    auto* const address = reinterpret_cast<sockaddr*>(&where);
    if (::bind(listener.get(), address, size) != 0 || ::listen(listener.get(), 1) != 0 ||
        getsockname(listener.get(), address, &size) != 0)
        fail("listen");
    net::descriptor far = open();
    if (::connect(far.get(), address, size) != 0)
        fail("connect");
    net::descriptor near{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (!near.is_open())
        fail("accept");
    set_non_blocking(near.get());
    return {std::move(near), far_end{std::move(far)}};
}

inline connection make_unix_connection()
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        fail("socketpair");
    set_non_blocking(ends[0]);
    return {net::descriptor{ends[0]}, far_end{net::descriptor{ends[1]}}};
}

/// Counts its turns.
class counting_owner final : public net::wakeable {
public:
    using wakeable::retire;
    void run() override { ++turns; }
    int turns = 0;
};

/// Waits for an event and collects what is there. False if none comes.
inline bool collect(net::event_set& events)
{
    if (!is_ready(events.native(), POLLIN))
        return false;
    events.collect();
    return true;
}

/// Collects events until `condition` holds. False if it never does.
template <typename Condition>
bool collect_until(net::event_set& events, Condition condition)
{
    for (int turn = 0; turn < 100 && !condition(); ++turn) {
        if (!collect(events))
            return false;
    }
    return condition();
}

} // namespace ferrule::test
