#include "net/socket.hpp"

#include "base/check.hpp"

#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif

namespace ferrule::net {

namespace {

void set_option(int descriptor, int level, int name, int value) noexcept
{
    // A refused option leaves a slower or less watchful socket, not a wrong one.
    setsockopt(descriptor, level, name, &value, sizeof(value));
}

} // namespace

socket::~socket()
{
    CHECK(descriptor_ < 0, "a session's socket is released or aborted before it is forgotten");
}

int socket::adopt(int descriptor, bool is_unix, event_set& events, wakeable& owner) noexcept
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

int socket::connect(const address& to, event_set& events, wakeable& owner) noexcept
{
    const int descriptor = ::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return errno;
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
    // Only a connection that stood can be reset: a refused one is ECONNREFUSED. What the peer sent
    // before waits to be read; asking took the error away, so reading has to know of it.
    note_error(error);
    write_failed_ = true;
    state_.readable = true;
    return 0;
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
        if (bytes < room.size() && !state_.hung_up && !state_.urgent)
            state_.readable = false;
        return {bytes, state_.readable ? read_state::bytes : read_state::blocked};
    }
    if (count == 0) {
        state_.readable = false;
        return {0, write_failed_ ? read_state::reset : read_state::fin};
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        state_.readable = false;
        return {0, read_state::blocked};
    }
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
    // The error may come without a new edge: what the peer sent before is read out now.
    state_.readable = true;
    state_.hung_up = true;
    return {0, write_state::broken};
}

void socket::finish() noexcept
{
    // ENOTCONN means that the peer has reset the connection meanwhile; reading will tell.
    if (::shutdown(descriptor_, SHUT_WR) != 0)
        note_error(errno);
}

void socket::abort() noexcept
{
    const ::linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    release();
}

void socket::release() noexcept
{
    CHECK(descriptor_ >= 0, "a socket is released once");
    ::close(std::exchange(descriptor_, -1));
    state_.readable = false;
    state_.writable = false;
}

std::size_t socket::unacknowledged() const noexcept
{
    int count = 0;
    if (is_unix_ || descriptor_ < 0 || ioctl(descriptor_, SIOCOUTQ, &count) != 0 || count < 0)
        return 0;
    return static_cast<std::size_t>(count);
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

namespace {

void set_basic_options(int descriptor) noexcept
{
    set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    // An urgent byte is a byte of the stream like others (RFC 6093); otherwise it would be dropped.
    set_option(descriptor, SOL_SOCKET, SO_OOBINLINE, 1);
}

void set_keepalive(int descriptor) noexcept
{
    // A peer that vanished while nothing is in flight is found after about two minutes.
    constexpr int silence = 60;
    constexpr int interval = 15;
    constexpr int probes = 4;
    static_assert(base::seconds{silence + probes * interval} == socket::keepalive_takes);
    set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, silence);
    set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, interval);
    set_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, probes);
}

void set_user_timeout(int descriptor, base::milliseconds user_timeout) noexcept
{
    set_option(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(user_timeout.count()));
}

} // namespace

void socket::set_stream_options() noexcept
{
    if (!is_unix_ && descriptor_ >= 0)
        set_basic_options(descriptor_);
}

void socket::watch_for_silence(base::milliseconds user_timeout) noexcept
{
    if (is_unix_ || descriptor_ < 0)
        return;
    set_keepalive(descriptor_);
    if (user_timeout != base::off)
        set_user_timeout(descriptor_, user_timeout);
}

void socket::set_stream_options(int descriptor, base::milliseconds user_timeout) noexcept
{
    set_basic_options(descriptor);
    set_keepalive(descriptor);
    // 0 is the kernel's own limit: it has to be said, for a listener whose bound a reload took
    // away.
    set_user_timeout(descriptor, user_timeout);
}

} // namespace ferrule::net
