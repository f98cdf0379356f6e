// The link seam: the system calls of daemon/net/socket.cpp and daemon/net/event_set.cpp, which the
// linker sends here (--wrap). A descriptor of the simulated kernel goes to that kernel, every other
// one to the real kernel.
#include "base/check.hpp"
#include "simulation/kernel.hpp"

#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdarg>

namespace {

using ferrule::simulation::current_kernel;
using ferrule::simulation::kernel;

int last = -1;

bool is_simulated(int descriptor)
{
    return current_kernel() != nullptr && current_kernel()->owns(descriptor);
}

/// A negative errno, as system calls of the C library tell it.
template <typename Number>
Number told(Number result)
{
    if (result >= 0)
        return result;
    errno = static_cast<int>(-result);
    return -1;
}

/// Whether an RST could go out is the kernel's to know; it is told by a state that says so.
void tell_info(int descriptor, tcp_info& info)
{
    kernel& of = *current_kernel();
    info.tcpi_state = of.can_reset(descriptor) ? TCP_ESTABLISHED : TCP_CLOSE;
    info.tcpi_last_data_recv = info.tcpi_last_ack_recv =
        static_cast<std::uint32_t>(of.silent_for(descriptor).count());
}

} // namespace

int ferrule::simulation::last_socket()
{
    return last;
}

// The linker gives these names.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" {

int __real_socket(int family, int type, int protocol);
int __real_connect(int descriptor, const sockaddr* to, socklen_t size);
int __real_close(int descriptor);
ssize_t __real_recv(int descriptor, void* into, size_t size, int flags);
ssize_t __real_send(int descriptor, const void* from, size_t size, int flags);
int __real_shutdown(int descriptor, int how);
int __real_setsockopt(int descriptor, int level, int name, const void* value, socklen_t size);
int __real_getsockopt(int descriptor, int level, int name, void* value, socklen_t* size);
int __real_ioctl(int descriptor, unsigned long request, void* argument);
int __real_epoll_ctl(int set, int what, int descriptor, epoll_event* event);
int __real_epoll_wait(int set, epoll_event* events, int count, int timeout);

int __wrap_socket(int family, int type, int protocol)
{
    last = current_kernel() == nullptr ? __real_socket(family, type, protocol)
                                       : current_kernel()->open();
    return last;
}

int __wrap_connect(int descriptor, const sockaddr* to, socklen_t size)
{
    if (!is_simulated(descriptor))
        return __real_connect(descriptor, to, size);
    const auto* where = reinterpret_cast<const sockaddr_in*>(to);
    const auto server = static_cast<std::uint16_t>(ntohs(where->sin_port) - 1);
    return told(-current_kernel()->connect(descriptor, server));
}

int __wrap_close(int descriptor)
{
    if (!is_simulated(descriptor))
        return __real_close(descriptor);
    current_kernel()->close(descriptor);
    return 0;
}

ssize_t __wrap_recv(int descriptor, void* into, size_t size, int flags)
{
    if (!is_simulated(descriptor))
        return __real_recv(descriptor, into, size, flags);
    return told(current_kernel()->receive(descriptor, {static_cast<std::byte*>(into), size}));
}

ssize_t __wrap_send(int descriptor, const void* from, size_t size, int flags)
{
    if (!is_simulated(descriptor))
        return __real_send(descriptor, from, size, flags);
    return told(current_kernel()->send(descriptor, {static_cast<const std::byte*>(from), size}));
}

int __wrap_shutdown(int descriptor, int how)
{
    if (!is_simulated(descriptor))
        return __real_shutdown(descriptor, how);
    CHECK(how == SHUT_WR, "a session only ever sends FIN");
    return told(-current_kernel()->finish(descriptor));
}

int __wrap_setsockopt(int descriptor, int level, int name, const void* value, socklen_t size)
{
    if (!is_simulated(descriptor))
        return __real_setsockopt(descriptor, level, name, value, size);
    auto& of = current_kernel()->at(descriptor);
    if (level == SOL_SOCKET && name == SO_LINGER) {
        const auto* chosen = static_cast<const linger*>(value);
        of.resets_at_close = chosen->l_onoff != 0 && chosen->l_linger == 0;
    }
    const auto seconds = [&] { return ferrule::base::seconds{*static_cast<const int*>(value)}; };
    if (level == IPPROTO_TCP && name == TCP_KEEPIDLE)
        of.keepalive.silence = seconds();
    if (level == IPPROTO_TCP && name == TCP_KEEPINTVL)
        of.keepalive.interval = seconds();
    if (level == IPPROTO_TCP && name == TCP_KEEPCNT)
        of.keepalive.probes = *static_cast<const int*>(value);
    return 0;
}

int __wrap_getsockopt(int descriptor, int level, int name, void* value, socklen_t* size)
{
    if (!is_simulated(descriptor))
        return __real_getsockopt(descriptor, level, name, value, size);
    if (level == IPPROTO_TCP && name == TCP_INFO) {
        tell_info(descriptor, *static_cast<tcp_info*>(value));
        return 0;
    }
    CHECK(level == SOL_SOCKET && (name == SO_ERROR || name == SO_MEMINFO),
          "the simulated kernel knows this option");
    if (name == SO_ERROR) {
        *static_cast<int*>(value) = current_kernel()->take_error(descriptor);
        return 0;
    }
    const auto& of = current_kernel()->at(descriptor);
    auto* memory = static_cast<std::uint32_t*>(value);
    memory[SK_MEMINFO_SNDBUF] = static_cast<std::uint32_t>(of.send_limit);
    memory[SK_MEMINFO_WMEM_QUEUED] = static_cast<std::uint32_t>(of.queue.size());
    return 0;
}

int __wrap_ioctl(int descriptor, unsigned long request, ...)
{
    va_list more;
    va_start(more, request);
    void* argument = va_arg(more, void*);
    va_end(more);
    if (!is_simulated(descriptor))
        return __real_ioctl(descriptor, request, argument);
    CHECK(request == SIOCOUTQ || request == SIOCINQ, "the simulated kernel knows this request");
    *static_cast<int*>(argument) =
        static_cast<int>(request == SIOCOUTQ ? current_kernel()->unacknowledged(descriptor)
                                             : current_kernel()->at(descriptor).received.size());
    return 0;
}

int __wrap_epoll_ctl(int set, int what, int descriptor, epoll_event* event)
{
    if (!is_simulated(descriptor))
        return __real_epoll_ctl(set, what, descriptor, event);
    current_kernel()->watch(descriptor, what == EPOLL_CTL_ADD ? event->data.ptr : nullptr);
    return 0;
}

int __wrap_epoll_wait(int set, epoll_event* events, int count, int timeout)
{
    if (current_kernel() == nullptr)
        return __real_epoll_wait(set, events, count, timeout);
    return current_kernel()->collect(events, count);
}

} // extern "C"
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
