// Longer than 300 lines because it is the only place that says goodbye to a session's socket, and
// what it says depends on the whole of it.

#include "net/socket.hpp"

#include "base/check.hpp"

#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace ferrule::net {

namespace {

void set_option(int descriptor, int level, int name, int value) noexcept
{
    // A refused option leaves a slower or less watchful socket, not a wrong one.
    setsockopt(descriptor, level, name, &value, sizeof(value));
}

void set_linger(int descriptor, bool resets) noexcept
{
    const ::linger chosen{.l_onoff = resets ? 1 : 0, .l_linger = 0};
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &chosen, sizeof(chosen));
}

} // namespace

socket::~socket()
{
    if (descriptor_ >= 0)
        close();
}

void socket::arm(int descriptor) noexcept
{
    // R180 to R187, R190: behind a process that died, the kernel clears up with resets (E7).
    set_linger(descriptor, true);
}

int socket::adopt(int descriptor, bool is_unix, event_set& events, wakeable& owner)
{
    CHECK(descriptor_ < 0, "one socket at a time");
    state_ = {};
    state_.owner = &owner;
    is_unix_ = is_unix;
    write_failed_ = false;
    last_error_ = 0;
    if (const int error = events.add(descriptor, state_); error != 0) {
        ::close(descriptor);
        return error;
    }
    descriptor_ = descriptor;
    return 0;
}

int socket::connect(const address& to, event_set& events, wakeable& owner)
{
    const int descriptor = ::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return errno;
    // R181, R182: before there is a connection that could look ended. A Unix socket (R14) has no
    // reset.
    if (!to.is_unix())
        arm(descriptor);
    const int result = ::connect(descriptor, to.data(), to.size()) == 0 ? 0 : errno;
    if (result != 0 && result != EINPROGRESS) {
        ::close(descriptor);
        return result;
    }
    if (const int error = adopt(descriptor, to.is_unix(), events, owner); error != 0)
        return error;
    return result;
}

int socket::connected() noexcept
{
    if (!state_.writable)
        return EINPROGRESS;
    if (!state_.failed && !state_.hung_up)
        return 0; // a connect that failed is announced with EPOLLERR and EPOLLHUP
    int error = 0;
    socklen_t size = sizeof(error);
    if (getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    if (error != ECONNRESET && error != EPIPE)
        return error;
    // R27: only a connection that stood can be reset: a refused one is ECONNREFUSED. What the peer
    // sent before waits to be read; asking took the error away, so reading has to know of it.
    note_error(error);
    write_failed_ = true;
    state_.readable = true;
    return 0;
}

bool socket::is_connected_to_itself(const address& to) const noexcept
{
    sockaddr_storage own{};
    socklen_t size = sizeof(own);
    if (getsockname(descriptor_, reinterpret_cast<sockaddr*>(&own), &size) != 0)
        return false;
    const address here{own, size};
    if (here.port() != to.port())
        return false;
    // The peer as the kernel has it: 0.0.0.0 as a server is 127.0.0.1.
    sockaddr_storage peer{};
    size = sizeof(peer);
    return getpeername(descriptor_, reinterpret_cast<sockaddr*>(&peer), &size) == 0 &&
           here.has_same_ip(address{peer, size});
}

bool is_own_want(int connect_error) noexcept
{
    switch (connect_error) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case ENOSPC:        // epoll's limit on what one user watches
    case EADDRNOTAVAIL: // no free local port towards this server
        return true;
    default: return false;
    }
}

void socket::note_error(int error) noexcept
{
    if (last_error_ == 0)
        last_error_ = error;
}

read_result socket::read(std::span<std::byte> room) noexcept
{
    ssize_t count = 0;
    do {
        count = ::recv(descriptor_, room.data(), room.size(), 0);
    } while (count < 0 && errno == EINTR);

    if (count > 0) {
        const auto bytes = static_cast<std::size_t>(count);
        received_ += bytes;
        // R1, R30: a FIN that came with the bytes makes no edge of its own.
        if (bytes < room.size() && !state_.hung_up && !state_.urgent)
            state_.readable = false;
        return {bytes, state_.readable ? read_state::bytes : read_state::blocked};
    }
    if (count == 0) {
        state_.readable = false;
        state_.hung_up = true;
        // R24: the failed write has taken the error away, and the kernel calls what is left an end.
        return {0, write_failed_ ? read_state::reset : read_state::fin};
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        state_.readable = false;
        return {0, read_state::blocked};
    }
    // R20, R33: an RST. F4 to F7, F33 to F35: the kernel has given the peer up.
    note_error(errno);
    state_.readable = false;
    return {0, read_state::reset};
}

write_result socket::write(std::span<const std::byte> bytes) noexcept
{
    if (bytes.empty())
        return {0, write_state::taken};
    ssize_t count = 0;
    do {
        count = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    } while (count < 0 && errno == EINTR);

    if (count >= 0) {
        const auto taken = static_cast<std::size_t>(count);
        sent_ += taken;
        if (taken == bytes.size())
            return {taken, write_state::taken};
        // A partial write has asked the kernel to announce when there is room again.
        state_.writable = false;
        return {taken, write_state::blocked};
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        state_.writable = false;
        return {0, write_state::blocked};
    }
    // Without memory for a packet the kernel announces nothing when there is some again: `writable`
    // stays, so that the session's next turn or deadline tries again.
    if (errno == ENOBUFS || errno == ENOMEM)
        return {0, write_state::blocked};

    note_error(errno);
    write_failed_ = true;
    // R23, R24: the error may come without a new edge: what the peer sent before is read out now.
    state_.readable = state_.hung_up = true;
    return {0, write_state::broken};
}

void socket::finish() noexcept
{
    // ENOTCONN means that the peer has reset the connection meanwhile; reading will tell.
    if (::shutdown(descriptor_, SHUT_WR) != 0)
        note_error(errno);
}

void socket::abort()
{
    CHECK(descriptor_ >= 0, "a socket is aborted once");
    close(); // R20, R30: an RST. F40: if it gets lost, whoever sends gets another
}

bool socket::can_tell_abort() const noexcept
{
    tcp_info known{};
    socklen_t size = sizeof(known);
    if (is_unix_ || getsockopt(descriptor_, IPPROTO_TCP, TCP_INFO, &known, &size) != 0)
        return true;
    switch (known.tcpi_state) {
    case TCP_CLOSE: return false; // the peer's RST was first, or both ends are acknowledged
    case TCP_LAST_ACK:
    case TCP_CLOSING: // F12, F23: both FINs are out
        return queue_length(SIOCOUTQNSD) > 0 || queue_length(SIOCINQ) > 0;
    default: return true;
    }
}

void socket::release(bool acknowledged)
{
    CHECK(descriptor_ >= 0, "a socket is released once");
    // R82, R97: a side that was told its end is not reset for its silence. R189: where both ends
    // have arrived there is nothing left to reset.
    const bool is_dead = state_.failed || last_error_ != 0;
    const bool is_exchanged = acknowledged && state_.hung_up;
    if (!is_unix_ && !is_dead && !is_exchanged)
        set_linger(descriptor_, false);
    close();
}

void socket::close() noexcept
{
    ::close(std::exchange(descriptor_, -1));
    state_.readable = state_.writable = false;
}

std::size_t socket::unacknowledged() const noexcept
{
    // R14, R15: what was written to a Unix socket is with its peer, however long that is in reading
    // it.
    return is_unix_ || descriptor_ < 0 ? 0 : queue_length(SIOCOUTQ);
}

std::size_t socket::queue_length(unsigned long which) const noexcept
{
    int count = 0;
    const bool is_known = ioctl(descriptor_, which, &count) == 0 && count > 0;
    return is_known ? static_cast<std::size_t>(count) : 0;
}

bool socket::look_for_unread() noexcept
{
    const bool is_waiting = descriptor_ >= 0 && queue_length(SIOCINQ) > 0;
    state_.readable = state_.readable || is_waiting;
    return is_waiting;
}

std::size_t socket::room() const noexcept
{
    std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
    socklen_t size = sizeof(memory);
    if (getsockopt(descriptor_, SOL_SOCKET, SO_MEMINFO, memory.data(), &size) != 0)
        return 0;
    const std::uint32_t limit = memory[SK_MEMINFO_SNDBUF];
    const std::uint32_t used =
        is_unix_ ? memory[SK_MEMINFO_WMEM_ALLOC] : memory[SK_MEMINFO_WMEM_QUEUED];
    return limit > used ? limit - used : 0;
}

base::milliseconds socket::silent_for() const noexcept
{
    tcp_info known{};
    socklen_t size = sizeof(known);
    if (is_unix_ || descriptor_ < 0 ||
        getsockopt(descriptor_, IPPROTO_TCP, TCP_INFO, &known, &size) != 0)
        return base::milliseconds{0};
    // F24, F53: an answer to keepalive counts. A segment with data that acknowledges nothing new
    // counts for the first only.
    return base::milliseconds{std::min(known.tcpi_last_data_recv, known.tcpi_last_ack_recv)};
}

namespace {

void set_basic_options(int descriptor) noexcept
{
    set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    // An urgent byte is a byte of the stream like others (RFC 6093); otherwise it would be dropped.
    set_option(descriptor, SOL_SOCKET, SO_OOBINLINE, 1);
}

/// F3 to F5, F32 to F34: these find a peer that vanished. F20, F21, F49, F50: nothing else does, so
/// a gap of a moment ends nothing. On first: then the others count from the peer's last sign of
/// life, not from now.
void set_keepalive(int descriptor, const keepalive& when) noexcept
{
    set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(when.silence.count()));
    set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, static_cast<int>(when.interval.count()));
    set_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, when.probes);
}

} // namespace

void socket::set_stream_options() noexcept
{
    if (!is_unix_ && descriptor_ >= 0)
        set_basic_options(descriptor_);
}

void socket::watch_for_silence(const keepalive& when) noexcept
{
    if (!is_unix_ && descriptor_ >= 0)
        set_keepalive(descriptor_, when);
}

void socket::set_stream_options(int descriptor, const keepalive& when) noexcept
{
    set_basic_options(descriptor);
    set_keepalive(descriptor, when);
}

} // namespace ferrule::net
