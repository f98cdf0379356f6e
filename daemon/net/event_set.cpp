#include "net/event_set.hpp"

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace ferrule::net {

event_set::event_set(ready_queue& queue) : epoll_{epoll_create1(EPOLL_CLOEXEC)}, queue_{queue}
{
    if (!epoll_.is_open())
        throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

int event_set::add(int descriptor, readiness& state) noexcept
{
    epoll_event event{};
    event.events = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &state;
    return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : errno;
}

void event_set::remove(int descriptor) noexcept
{
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
}

collected event_set::collect(base::milliseconds at_most) noexcept
{
    std::array<epoll_event, 512> events;
    collected result = collected::nothing;
    int wait = static_cast<int>(at_most.count());
    for (;;) {
        const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                     std::exchange(wait, 0));
        if (count < 0) {
            // That a wait was cut short says nothing of what has come meanwhile.
            if (errno != EINTR)
                return result;
            result = collected::interrupted;
            continue;
        }
        for (int i = 0; i < count; ++i)
            take(events[static_cast<std::size_t>(i)]);
        if (count > 0 && result == collected::nothing)
            result = collected::events;
        if (count < static_cast<int>(events.size()))
            return result;
    }
}

void event_set::take(const epoll_event& event) noexcept
{
    auto& state = *static_cast<readiness*>(event.data.ptr);
    const std::uint32_t what = event.events;
    if ((what & (EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        state.readable = true;
    if ((what & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0)
        state.writable = true;
    if ((what & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        state.hung_up = true;
    if ((what & EPOLLPRI) != 0)
        state.urgent = true;
    if ((what & EPOLLERR) != 0)
        state.failed = true;
    queue_.push(*state.owner);
}

} // namespace ferrule::net
