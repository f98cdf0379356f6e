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

/// Removes the file of a Unix socket that nobody listens on. A living one is left, so that bind
/// fails.
void remove_stale(const address& where)
{
    const auto* local = reinterpret_cast<const sockaddr_un*>(where.data());
    struct stat status {};
    if (lstat(local->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode))
        return;
    const descriptor probe{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (::connect(probe.get(), where.data(), where.size()) != 0 && errno == ECONNREFUSED)
        unlink(local->sun_path);
}

} // namespace

listening_socket::listening_socket(const address& where, int backlog, const keepalive& when)
    : socket_{::socket(where.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)},
      where_{where},
      backlog_{backlog},
      keepalive_{when}
{
    if (!socket_.is_open())
        fail(errno, "cannot open a socket for", where);
    const int socket = socket_.get();
    if (where.is_unix()) {
        remove_stale(where);
    } else {
        set_flag(socket, SOL_SOCKET, SO_REUSEADDR);
        set_flag(socket, SOL_SOCKET, SO_REUSEPORT);
        if (where.family() == AF_INET6)
            set_flag(socket, IPPROTO_IPV6, IPV6_V6ONLY);
        socket::set_stream_options(socket, when);
    }
    if (::bind(socket, where.data(), where.size()) != 0)
        fail(errno, "cannot listen on", where);
    owns_path_ = where.is_unix();
    if (::listen(socket, backlog) != 0)
        fail(errno, "cannot listen on", where);
    where_ = bound_address(socket).value_or(where_);
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
    if (owns_path_ && socket_.is_open())
        unlink(reinterpret_cast<const sockaddr_un*>(where_.data())->sun_path);
}

listening_socket listening_socket::for_another_worker() const
{
    if (!where_.is_unix() && !is_shared_)
        return listening_socket{where_, backlog_, keepalive_};
    listening_socket another;
    another.socket_ = descriptor{fcntl(socket_.get(), F_DUPFD_CLOEXEC, 0)};
    if (!another.socket_.is_open())
        fail(errno, "cannot share", where_);
    another.where_ = where_;
    another.is_shared_ = is_shared_;
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
        result.state = accept_state::accepted;
        result.from = client_address{from};
        return result;
    }
    switch (errno) {
    case EAGAIN: result.state = accept_state::empty; break;
    case EMFILE:
    case ENFILE: result.state = accept_state::descriptors; break;
    case ENOBUFS:
    case ENOMEM: result.state = accept_state::memory; break;
    default:
        // accept(2): errors that were pending on the new connection, EINTR, ECONNABORTED, EPERM.
        result.state = accept_state::gone;
        break;
    }
    return result;
}

} // namespace ferrule::net
