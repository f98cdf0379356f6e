// The link seam: net::socket and net::event_set on the simulated kernel, in place of
// daemon/net/socket.cpp and daemon/net/event_set.cpp. The logic of the two files (what clears
// `readable`, what a failed write means) is repeated here line by line; the system calls are not.
#include "base/check.hpp"
#include "net/socket.hpp"
#include "simulation/kernel.hpp"

#include <sys/epoll.h>

#include <cerrno>
#include <utility>

namespace ferrule::net {

using simulation::current_kernel;

event_set::event_set(ready_queue& queue) : queue_{queue} {}

int event_set::add(int descriptor, readiness& state) noexcept
{
    current_kernel()->watch(descriptor, state);
    return 0;
}

void event_set::remove(int) noexcept {}

bool event_set::collect(base::milliseconds) noexcept
{
    auto& kernel = *current_kernel();
    for (const int each : kernel.take_news()) {
        simulation::endpoint& from = kernel.at(each);
        if (from.watcher == nullptr)
            continue;
        readiness& state = *from.watcher;
        const std::uint32_t what = kernel.poll(each);
        if ((what & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
            state.readable = true;
        if ((what & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0)
            state.writable = true;
        if ((what & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
            state.hung_up = true;
        if ((what & EPOLLERR) != 0) {
            state.failed = true;
            from.first_reset_seen = std::min(from.first_reset_seen, kernel.now);
        }
        queue_.push(*state.owner);
    }
    return false;
}

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
    descriptor_ = descriptor;
    return events.add(descriptor, state_);
}

int socket::connect(const address& to, event_set& events, wakeable& owner) noexcept
{
    const auto attempt = current_kernel()->connect(static_cast<std::uint16_t>(to.port() - 1));
    if (attempt.result != 0 && attempt.result != EINPROGRESS)
        return attempt.result;
    if (const int error = adopt(attempt.descriptor, to.is_unix(), events, owner); error != 0)
        return error;
    return attempt.result;
}

int socket::connected() noexcept
{
    if (!state_.writable)
        return EINPROGRESS;
    return state_.failed || state_.hung_up ? current_kernel()->take_error(descriptor_) : 0;
}

void socket::note_error(int error) noexcept
{
    if (last_error_ == 0)
        last_error_ = error;
}

read_result socket::read(std::span<std::byte> room) noexcept
{
    const std::ptrdiff_t count = current_kernel()->receive(descriptor_, room);
    if (count > 0) {
        const auto bytes = static_cast<std::size_t>(count);
        if (bytes < room.size() && !state_.hung_up && !state_.urgent)
            state_.readable = false;
        return {bytes, state_.readable ? read_state::bytes : read_state::blocked};
    }
    state_.readable = false;
    if (count == 0) {
        if (write_failed_) {
            simulation::endpoint& of = current_kernel()->at(descriptor_);
            of.read_reset_at = std::min(of.read_reset_at, current_kernel()->now);
        }
        return {0, write_failed_ ? read_state::reset : read_state::fin};
    }
    if (count == -EAGAIN)
        return {0, read_state::blocked};
    note_error(static_cast<int>(-count));
    return {0, read_state::reset};
}

write_result socket::write(std::span<const std::byte> bytes) noexcept
{
    if (bytes.empty())
        return {0, write_state::taken};
    const std::ptrdiff_t count = current_kernel()->send(descriptor_, bytes);
    if (count >= 0) {
        const auto taken = static_cast<std::size_t>(count);
        if (taken == bytes.size())
            return {taken, write_state::taken};
        state_.writable = false;
        return {taken, write_state::blocked};
    }
    if (count == -EAGAIN) {
        state_.writable = false;
        return {0, write_state::blocked};
    }
    if (count == -ENOBUFS || count == -ENOMEM)
        return {0, write_state::blocked};
    note_error(static_cast<int>(-count));
    simulation::endpoint& of = current_kernel()->at(descriptor_);
    of.first_reset_seen = std::min(of.first_reset_seen, current_kernel()->now);
    write_failed_ = true;
    state_.readable = true;
    state_.hung_up = true;
    return {0, write_state::broken};
}

void socket::finish() noexcept
{
    if (const int error = current_kernel()->finish(descriptor_); error != 0)
        note_error(error);
}

void socket::abort() noexcept
{
    CHECK(descriptor_ >= 0, "a socket is released once");
    current_kernel()->reset(std::exchange(descriptor_, -1));
    state_.readable = false;
    state_.writable = false;
}

void socket::release() noexcept
{
    CHECK(descriptor_ >= 0, "a socket is released once");
    current_kernel()->close(std::exchange(descriptor_, -1));
    state_.readable = false;
    state_.writable = false;
}

std::size_t socket::unacknowledged() const noexcept
{
    if (is_unix_ || descriptor_ < 0)
        return 0;
    return current_kernel()->unacknowledged(descriptor_);
}

std::size_t socket::room() const noexcept
{
    return descriptor_ < 0 ? 0 : current_kernel()->room(descriptor_);
}

void socket::set_stream_options() noexcept {}

void socket::watch_for_silence(base::milliseconds user_timeout) noexcept
{
    if (!is_unix_ && descriptor_ >= 0)
        set_stream_options(descriptor_, user_timeout);
}

void socket::set_stream_options(int descriptor, base::milliseconds user_timeout) noexcept
{
    current_kernel()->at(descriptor).user_timeout = user_timeout;
}

} // namespace ferrule::net
