#include "loop.hpp"

#include "fail.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>

namespace load {

double now()
{
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

loop::loop() : set_(epoll_create1(EPOLL_CLOEXEC)), urgent_set_(epoll_create1(EPOLL_CLOEXEC))
{
    require(set_ >= 0 && urgent_set_ >= 0, "epoll_create1");
    epoll_event event{EPOLLIN, {nullptr}};
    require(epoll_ctl(set_, EPOLL_CTL_ADD, urgent_set_, &event) == 0, "epoll_ctl");
}

loop::~loop()
{
    close(urgent_set_);
    close(set_);
}

void loop::add(int descriptor, handler& whose, std::uint32_t events, bool urgent)
{
    epoll_event event{events, {&whose}};
    require(epoll_ctl(urgent ? urgent_set_ : set_, EPOLL_CTL_ADD, descriptor, &event) == 0,
            "epoll_ctl add");
    urgent_count_ += urgent ? 1 : 0;
}

void loop::change(int descriptor, handler& whose, std::uint32_t events, bool urgent)
{
    epoll_event event{events, {&whose}};
    require(epoll_ctl(urgent ? urgent_set_ : set_, EPOLL_CTL_MOD, descriptor, &event) == 0,
            "epoll_ctl change");
}

void loop::remove(int descriptor, bool urgent)
{
    epoll_event event{};
    require(epoll_ctl(urgent ? urgent_set_ : set_, EPOLL_CTL_DEL, descriptor, &event) == 0,
            "epoll_ctl remove");
    urgent_count_ -= urgent ? 1 : 0;
}

void loop::handle_urgent()
{
    std::array<epoll_event, 64> events;
    int count = 0;
    do {
        count = epoll_wait(urgent_set_, events.data(), static_cast<int>(events.size()), 0);
        for (int each = 0; each < count; ++each) {
            const auto& event = events[static_cast<std::size_t>(each)];
            static_cast<handler*>(event.data.ptr)->on_events(event.events);
        }
    } while (count == static_cast<int>(events.size()));
}

bool loop::run_until(const std::function<bool()>& done, double seconds)
{
    std::array<epoll_event, 256> events;
    const double end = now() + seconds;
    while (!done()) {
        const double left = end - now();
        if (left <= 0)
            return false;
        const int count = epoll_wait(set_, events.data(), static_cast<int>(events.size()),
                                     static_cast<int>(left * 1000) + 1);
        require(count >= 0 || errno == EINTR, "epoll_wait");
        for (int each = 0; each < count; ++each) {
            const auto& event = events[static_cast<std::size_t>(each)];
            if (urgent_count_ != 0)
                handle_urgent();
            if (event.data.ptr != nullptr)
                static_cast<handler*>(event.data.ptr)->on_events(event.events);
        }
    }
    return true;
}

} // namespace load
