#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <functional>

namespace load {

/// Something that owns a socket and is told what the kernel says of it.
class handler {
public:
    virtual ~handler() = default;
    /// `events` as epoll_wait(2) gives them.
    virtual void on_events(std::uint32_t events) = 0;
};

/// Seconds of CLOCK_MONOTONIC.
double now();

/// One epoll set, level-triggered unless asked otherwise. All of the generator runs in one thread.
///
/// Sockets that are added `urgent` are looked at between any two others, so that the time that a
/// message takes is the proxy's and not that of our own bulk sessions before it in the queue.
class loop {
public:
    loop();
    ~loop();
    loop(const loop&) = delete;
    loop& operator=(const loop&) = delete;

    void add(int descriptor, handler& whose, std::uint32_t events, bool urgent = false);
    void change(int descriptor, handler& whose, std::uint32_t events, bool urgent = false);
    void remove(int descriptor, bool urgent = false);

    /// Runs until `done` says so (true) or the seconds have passed (false). `done` is asked after
    /// each batch of events.
    bool run_until(const std::function<bool()>& done, double seconds);

private:
    void handle_urgent();

    int set_;
    int urgent_set_;
    int urgent_count_ = 0;
};

} // namespace load
