// A peer's TCP connection as a script drives it: never blocks, keeps what the kernel does not take
// yet, and writes down how the other end of the connection ended.
#pragma once

#include "net/descriptor.hpp"
#include "support/loopback.hpp"

#include <linux/sockios.h>
#include <netinet/tcp.h>

#include <array>
#include <cstdint>
#include <limits>

namespace ferrule::test {

class raw_peer {
public:
    static constexpr std::size_t everything = std::numeric_limits<std::size_t>::max();

    /// `socket` is connected, or is being connected.
    void use(net::descriptor socket)
    {
        socket_ = std::move(socket);
        set_non_blocking(socket_.get());
    }
    bool is_open() const { return socket_.is_open(); }
    int native() const { return socket_.get(); }

    // --- what it does ---

    /// Sends; what the kernel does not take goes out later. Does nothing once it has sent FIN or
    /// RST.
    void send(std::string_view bytes)
    {
        if (!can_send())
            return;
        has_sent_anything_ = true;
        unsent_ += bytes;
        pump();
    }

    /// FIN, behind everything that was given to `send`.
    void finish()
    {
        fin_due_ = fin_due_ || can_send();
        pump();
    }

    /// RST, at once.
    void reset()
    {
        if (!is_open())
            return;
        did_reset_ = true;
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        setsockopt(native(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        socket_.reset();
    }

    /// Leaves. With unread input the kernel makes a reset of it.
    void close()
    {
        did_reset_ = did_reset_ || is_open();
        socket_.reset();
    }

    /// Reads at most this many bytes more from now on.
    void set_appetite(std::size_t bytes) { appetite_ = bytes; }

    /// Reads what is there now, and then nothing more. (The kernel frees what it holds in large
    /// pieces, so a window opens surely only if all of it is read.)
    void gulp()
    {
        int waiting = 0;
        if (is_open() && ioctl(native(), FIONREAD, &waiting) == 0)
            appetite_ = static_cast<std::size_t>(waiting);
        pump();
    }

    /// Sends and reads as far as it goes now. True if anything moved.
    bool pump()
    {
        if (!is_open())
            return false;
        // A failed write takes the error away, so what there is to see is seen first.
        const bool saw = read();
        const bool wrote = write();
        return (wrote && read()) || wrote || saw;
    }

    // --- what it saw ---

    /// The bytes that came since the last call.
    std::string take() { return std::exchange(received_, {}); }
    bool saw_fin() const { return saw_fin_; }
    bool saw_reset() const { return saw_reset_; }
    bool saw_end() const { return saw_fin_ || saw_reset_; }

    bool has_sent_anything() const { return has_sent_anything_; }
    bool has_sent_fin() const { return fin_sent_; }
    bool did_reset() const { return did_reset_; }
    bool has_unsent() const { return !unsent_.empty(); }
    bool can_send() const { return is_open() && !fin_due_ && !saw_reset_; }
    /// It takes whatever comes.
    bool reads_everything() const { return is_open() && !saw_end() && appetite_ == everything; }

    /// What poll(2) has to wait for before `pump` moves something. Nothing at all (also no error)
    /// if it would not look.
    pollfd waited() const
    {
        const bool reads = appetite_ > 0 && !saw_end();
        const int events = (reads ? POLLIN : 0) | (has_unsent() ? POLLOUT : 0);
        return {
            .fd = events == 0 ? -1 : native(), .events = static_cast<short>(events), .revents = 0};
    }

private:
    bool write()
    {
        bool moved = false;
        while (is_open() && !unsent_.empty()) {
            const ssize_t count = ::send(native(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
            if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
                return moved;
            if (count < 0) {
                unsent_.clear();
                write_failed_ = true;
                return true;
            }
            unsent_.erase(0, static_cast<std::size_t>(count));
            moved = true;
        }
        if (is_open() && fin_due_ && !fin_sent_) {
            fin_sent_ = true;
            ::shutdown(native(), SHUT_WR);
            moved = true;
        }
        return moved;
    }

    bool read()
    {
        bool moved = false;
        std::array<char, 65536> room;
        while (appetite_ > 0 && !saw_fin_ && !saw_reset_) {
            const std::size_t wanted = std::min(room.size(), appetite_);
            const ssize_t count = ::recv(native(), room.data(), wanted, 0);
            if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOTCONN))
                break;
            moved = true;
            if (count < 0)
                saw_reset_ = true;
            else if (count == 0)
                (write_failed_ ? saw_reset_ : saw_fin_) = true;
            else
                received_.append(room.data(), static_cast<std::size_t>(count));
            if (count > 0 && appetite_ != everything)
                appetite_ -= static_cast<std::size_t>(count);
        }
        return notice_reset_behind_fin() || moved;
    }

    /// Behind a FIN, reading reports no reset any more.
    bool notice_reset_behind_fin()
    {
        if (!saw_fin_ || saw_reset_)
            return false;
        int error = 0;
        socklen_t size = sizeof(error);
        getsockopt(native(), SOL_SOCKET, SO_ERROR, &error, &size);
        saw_reset_ = error != 0;
        return saw_reset_;
    }

    net::descriptor socket_;
    std::string unsent_;
    std::string received_;
    std::size_t appetite_ = everything;
    bool has_sent_anything_ = false;
    bool fin_due_ = false;
    bool fin_sent_ = false;
    bool did_reset_ = false;
    bool write_failed_ = false; ///< the kernel calls a reset that follows an end of file
    bool saw_fin_ = false;
    bool saw_reset_ = false;
};

/// A TCP socket of 127.0.0.1 that is neither bound nor connected. `window`: about how many bytes it
/// receives without being read; then its segments are small, too. 0: as the kernel does.
inline net::descriptor make_tcp_socket(int window)
{
    net::descriptor made{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!made.is_open())
        fail("socket");
    if (window != 0) {
        constexpr int segment = 1400;
        setsockopt(made.get(), SOL_SOCKET, SO_RCVBUF, &window, sizeof(window));
        setsockopt(made.get(), IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment));
    }
    return made;
}

/// The local port of a socket, or its peer's; 0 if there is none.
inline std::uint16_t port_of(int descriptor, decltype(getsockname)* which = getsockname)
{
    sockaddr_in where{};
    socklen_t size = sizeof(where);
    if (which(descriptor, reinterpret_cast<sockaddr*>(&where), &size) != 0)
        return 0;
    return where.sin_family == AF_INET ? ntohs(where.sin_port) : std::uint16_t{0};
}

inline sockaddr_in loopback_port(std::uint16_t port)
{
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    where.sin_port = htons(port);
    return where;
}

/// Binds to a port that the kernel chooses.
inline void bind_to_loopback(const net::descriptor& socket)
{
    const sockaddr_in where = loopback_port(0);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&where), sizeof(where)) != 0)
        fail("bind");
}

/// Bytes that the other end's kernel has not acknowledged; none once there is no connection.
inline int unacknowledged(int descriptor)
{
    int count = 0;
    const bool is_connected = port_of(descriptor, getpeername) != 0;
    return is_connected && ioctl(descriptor, SIOCOUTQ, &count) == 0 ? count : 0;
}

/// Those of them that were not even sent, for lack of a window.
inline int unsent(int descriptor)
{
    int count = 0;
    return ioctl(descriptor, SIOCOUTQNSD, &count) == 0 ? count : 0;
}

/// Has the kernel send the acknowledgement that it holds back.
inline void acknowledge_now(int descriptor)
{
    constexpr int yes = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof(yes));
}

} // namespace ferrule::test
