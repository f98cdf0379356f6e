#include "net/listening_socket.hpp"

#include "net/socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <system_error>

namespace ferrule::net {

namespace {

[[noreturn]] void fail(int error, const char* what, const address& where)
{
    throw std::system_error(error, std::generic_category(), std::string(what) + " " + where.text());
}

void set_flag(int socket, int level, int name) noexcept
{
    const int on = 1;
    setsockopt(socket, level, name, &on, sizeof(on));
}

/// nullopt if it is no socket.
std::optional<address> bound_address(int socket) noexcept
{
    sockaddr_storage bound{};
    socklen_t size = sizeof(bound);
    if (getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size) != 0)
        return std::nullopt;
    return address{bound, size};
}

const char* path_of(const address& where) noexcept
{
    return reinterpret_cast<const sockaddr_un*>(where.data())->sun_path;
}

/// Removes the file of a Unix socket that nobody listens on. A living one is left, so that bind
/// fails.
void remove_stale(const address& where)
{
    struct stat status {};
    if (lstat(path_of(where), &status) != 0 || !S_ISSOCK(status.st_mode))
        return;
    const descriptor probe{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (::connect(probe.get(), where.data(), where.size()) != 0 && errno == ECONNREFUSED)
        unlink(path_of(where));
}

/// What an error of accept(2) is about. Its manual page has the list of those that belong to the
/// one connection; whatever else there is would be there at the next try as well.
accept_state state_of(int error) noexcept
{
    switch (error) {
    case EAGAIN: return accept_state::empty;
    case EMFILE:
    case ENFILE: return accept_state::descriptors;
    case ENOBUFS:
    case ENOMEM: return accept_state::memory;
    case EINTR:
    case ECONNABORTED:
    case EPERM: // a firewall's rule
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case ETIMEDOUT: return accept_state::gone;
    default: return accept_state::failed;
    }
}

} // namespace

std::optional<file_identity> file_identity::of(const char* path) noexcept
{
    struct stat status {};
    if (lstat(path, &status) != 0)
        return std::nullopt;
    return file_identity{status.st_dev, status.st_ino};
}

listening_socket::listening_socket(const address& where, int backlog, const keepalive& when)
    : listening_socket{bound(where, backlog, when, port_use::alone)}
{
    listen();
}

listening_socket listening_socket::bound(const address& where, int backlog, const keepalive& when,
                                         port_use use)
{
    listening_socket result;
    // R15, R16: what is told does not depend on the family; only a Unix socket's resets do.
    result.socket_ =
        descriptor{::socket(where.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    result.where_ = where;
    result.backlog_ = backlog;
    result.keepalive_ = when;
    if (!result.socket_.is_open())
        fail(errno, "cannot open a socket for", where);
    const int socket = result.socket_.get();
    if (where.is_unix()) {
        remove_stale(where);
    } else {
        set_flag(socket, SOL_SOCKET, SO_REUSEADDR);
        if (use == port_use::shared)
            set_flag(socket, SOL_SOCKET, SO_REUSEPORT);
        if (where.family() == AF_INET6)
            set_flag(socket, IPPROTO_IPV6, IPV6_V6ONLY);
        socket::set_stream_options(socket, when);
        // R180: for all that it accepts, before anybody looks at them. A listening socket itself is
        // not affected (E7).
        socket::arm(socket);
    }
    if (::bind(socket, where.data(), where.size()) != 0)
        fail(errno, "cannot listen on", where);
    if (where.is_unix())
        result.file_ = file_identity::of(path_of(where));
    result.where_ = bound_address(socket).value_or(where);
    return result;
}

void listening_socket::listen()
{
    if (is_shared_)
        return;
    if (::listen(socket_.get(), backlog_) != 0)
        fail(errno, "cannot listen on", where_);
    // Only now: two processes that both have it, and do not listen yet, could both listen.
    if (!where_.is_unix())
        set_flag(socket_.get(), SOL_SOCKET, SO_REUSEPORT);
}

listening_socket listening_socket::share(int passed, const keepalive& when)
{
    const std::optional<address> where = bound_address(passed);
    int type = 0;
    int accepts = 0;
    socklen_t size = sizeof(int);
    if (!where.has_value() || getsockopt(passed, SOL_SOCKET, SO_TYPE, &type, &size) != 0 ||
        getsockopt(passed, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size) != 0)
        throw std::system_error(errno, std::generic_category(), "is no socket");
    const int family = where->family();
    if (type != SOCK_STREAM || accepts == 0 ||
        (family != AF_INET && family != AF_INET6 && family != AF_UNIX))
        throw std::system_error(EINVAL, std::generic_category(),
                                "is no TCP or Unix socket that listens");
    listening_socket result;
    result.where_ = *where;
    result.is_shared_ = true;
    result.socket_ = descriptor{fcntl(passed, F_DUPFD_CLOEXEC, 0)};
    if (!result.socket_.is_open())
        fail(errno, "cannot share", *where);
    // Both belong to the open socket, so they hold for all who share it.
    fcntl(passed, F_SETFL, fcntl(passed, F_GETFL) | O_NONBLOCK);
    if (!where->is_unix())
        socket::set_stream_options(passed, when);
    return result;
}

listening_socket::~listening_socket()
{
    // Whoever removed it may have made another one there.
    if (file_.has_value() && socket_.is_open() && file_identity::of(path_of(where_)) == file_)
        unlink(path_of(where_));
}

listening_socket listening_socket::for_another_worker() const
{
    if (!where_.is_unix() && !is_shared_) {
        listening_socket next = bound(where_, backlog_, keepalive_, port_use::shared);
        next.listen();
        return next;
    }
    listening_socket another;
    another.socket_ = descriptor{fcntl(socket_.get(), F_DUPFD_CLOEXEC, 0)};
    if (!another.socket_.is_open())
        fail(errno, "cannot share", where_);
    another.where_ = where_;
    another.is_shared_ = is_shared_;
    another.backlog_ = backlog_;
    return another;
}

accepted_socket listening_socket::accept() noexcept
{
    sockaddr_storage from{};
    socklen_t size = sizeof(from);
    accepted_socket result;
    result.socket = descriptor{::accept4(socket_.get(), reinterpret_cast<sockaddr*>(&from), &size,
                                         SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (result.socket.is_open()) {
        if (is_shared_ && !where_.is_unix())
            socket::arm(result.socket.get());
        result.state = accept_state::accepted;
        result.from = client_address{from};
        return result;
    }
    result.error = errno;
    result.state = state_of(result.error);
    return result;
}

} // namespace ferrule::net
