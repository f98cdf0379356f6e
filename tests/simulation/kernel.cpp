// The simulated kernel's system calls.
#include "simulation/kernel.hpp"

#include "base/check.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace ferrule::simulation {

kernel*& current_kernel()
{
    static kernel* current = nullptr;
    return current;
}

int kernel::make_endpoint(std::string_view name, std::size_t send_limit, std::size_t receive_limit)
{
    endpoint& made = endpoints_.emplace_back();
    made.name = name;
    made.send_limit = send_limit;
    made.receive_limit = receive_limit;
    return base_ + static_cast<int>(endpoints_.size()) - 1;
}

void kernel::join(int left, int right)
{
    for (const auto& [one, other] : {std::pair{left, right}, {right, left}}) {
        at(one).peer = other;
        at(one).state = link_state::established;
        at(one).edge = at(other).announced = at(other).receive_limit;
    }
}

std::ptrdiff_t kernel::send(int descriptor, std::span<const std::byte> bytes)
{
    endpoint& of = at(descriptor);
    if (of.error != 0 || of.fin_queued || of.state == link_state::dead || is_over(of)) {
        of.write_failed = true;
        of.first_reset_seen = std::min(of.first_reset_seen, now);
        return of.error != 0 ? -take_error(descriptor) : -EPIPE;
    }
    const std::size_t free = of.send_limit - std::min(of.send_limit, of.queue.size());
    const std::size_t count = std::min(free, bytes.size());
    if (count < bytes.size())
        of.no_space = true;
    if (count == 0)
        return -EAGAIN;
    if (of.watcher != nullptr && net.is_short_of_memory && chance_.one_in(20)) {
        of.no_space = false;
        return -ENOBUFS;
    }
    if (of.written == of.acknowledged)
        of.oldest_unacknowledged = now;
    of.queue.append(reinterpret_cast<const char*>(bytes.data()), count);
    of.written += count;
    moved(of);
    if (is_traced())
        say(of.name + " writes " + std::to_string(count));
    transmit(descriptor);
    return static_cast<std::ptrdiff_t>(count);
}

std::ptrdiff_t kernel::receive(int descriptor, std::span<std::byte> room)
{
    endpoint& of = at(descriptor);
    if (!of.received.empty()) {
        const std::size_t count = std::min(room.size(), of.received.size());
        std::copy_n(of.received.data(), count, reinterpret_cast<char*>(room.data()));
        of.received.erase(0, count);
        of.read += count;
        of.first_read_at = std::min(of.first_read_at, now);
        moved(of);
        if (is_traced())
            say(of.name + " reads " + std::to_string(count));
        // A window that has opened is announced.
        const std::uint64_t edge = of.read + of.receive_limit;
        if (edge - of.announced >= std::min<std::size_t>(of.receive_limit / 2, 1400))
            acknowledge(descriptor);
        return static_cast<std::ptrdiff_t>(count);
    }
    if (of.write_failed) // the error was told there, and an end that is read now is a reset
        of.read_reset_at = std::min(of.read_reset_at, now);
    if (of.fin_arrived) { // hides whatever came behind it
        of.read_fin_at = std::min(of.read_fin_at, now);
        return 0;
    }
    if (of.error != 0) {
        of.read_reset_at = std::min(of.read_reset_at, now);
        return -take_error(descriptor);
    }
    return of.state == link_state::dead ? 0 : -EAGAIN;
}

int kernel::finish(int descriptor)
{
    endpoint& of = at(descriptor);
    notify(of, descriptor); // shutdown(2) wakes whoever waits, also if it fails
    if (of.state != link_state::established || is_over(of))
        return ENOTCONN;
    if (of.fin_queued)
        return 0;
    of.fin_queued = true;
    of.fin_queued_at = now;
    of.read_at_fin = of.read;
    if (of.written == of.acknowledged)
        of.oldest_unacknowledged = now;
    if (is_traced())
        say(of.name + " FIN");
    transmit(descriptor);
    return 0;
}

void kernel::note_close(endpoint& of)
{
    of.closed = true;
    of.closed_at = now;
    of.watcher = nullptr;
    of.unacknowledged_at_close = of.written - of.acknowledged;
    of.fin_unacknowledged_at_close = of.fin_queued && !of.fin_acknowledged;
}

void kernel::forget_sending(endpoint& of)
{
    of.queue.resize(of.sent - of.acknowledged);
}

void kernel::close(int descriptor)
{
    endpoint& of = at(descriptor);
    if (of.resets_at_close) {
        reset(descriptor);
        return;
    }
    note_close(of);
    if (of.state != link_state::established || is_over(of)) {
        of.state = link_state::dead;
        return;
    }
    if (!of.received.empty()) {
        if (is_traced())
            say(of.name + " close with unread input: RST");
        forget_sending(of);
        of.state = link_state::dead;
        of.reset_was_sent = true;
        put(descriptor, {segment::kind::reset, {}});
        return;
    }
    if (is_traced())
        say(of.name + " close");
    of.fin_queued = true;
    transmit(descriptor);
}

/// In LAST_ACK and CLOSING Linux sends none, unless bytes wait to be sent for the first time, or to
/// be read.
bool kernel::can_reset(int descriptor)
{
    const endpoint& of = at(descriptor);
    const bool both_fins_sent = of.fin_arrived && of.fin_sent && of.sent == of.written;
    return of.state == link_state::established && !is_over(of) &&
           (!both_fins_sent || !of.received.empty());
}

void kernel::reset(int descriptor)
{
    endpoint& of = at(descriptor);
    note_close(of);
    of.closed_by_reset = of.state == link_state::established && !is_over(of);
    const bool has_connection = can_reset(descriptor);
    if (is_traced())
        say(of.name + (has_connection ? " RST" : " RST, but there is no connection"));
    if (of.state == link_state::established)
        forget_sending(of);
    of.state = link_state::dead;
    if (!has_connection)
        return;
    of.reset_was_sent = true;
    put(descriptor, {segment::kind::reset, {}});
}

std::size_t kernel::unacknowledged(int descriptor)
{
    const endpoint& of = at(descriptor);
    if (of.state == link_state::connecting || of.state == link_state::unconnected)
        return 0;
    return of.written - of.acknowledged + (of.was_refused ? 1 : 0) +
           (of.fin_queued && !of.fin_acknowledged ? 1 : 0);
}

int kernel::take_error(int descriptor)
{
    return std::exchange(at(descriptor).error, 0);
}

std::uint32_t kernel::poll(int descriptor)
{
    const endpoint& of = at(descriptor);
    if (of.state == link_state::connecting)
        return 0;
    if (of.state == link_state::unconnected)
        return EPOLLOUT | EPOLLHUP;
    std::uint32_t mask = 0;
    const bool over = of.state == link_state::dead || is_over(of);
    if (over || (of.fin_queued && of.fin_arrived))
        mask |= EPOLLHUP;
    if (over || of.fin_arrived)
        mask |= EPOLLIN | EPOLLRDHUP;
    if (!of.received.empty())
        mask |= EPOLLIN;
    // As sk_stream_is_writeable: what is free is at least half of what is queued.
    if (over || of.fin_queued || of.send_limit >= of.queue.size() + of.queue.size() / 2)
        mask |= EPOLLOUT;
    if (of.error != 0)
        mask |= EPOLLERR;
    return mask;
}

int kernel::open()
{
    const int made = make_endpoint("proxy>backend", proxy_send_limit, proxy_window);
    at(made).state = link_state::unconnected;
    return made;
}

int kernel::connect(int descriptor, std::uint16_t server)
{
    const server_manner manner =
        server < servers.size() ? servers[server] : server_manner::unreachable;
    if (manner == server_manner::unreachable) {
        had_failed_connect = true;
        return ENETUNREACH;
    }
    if (manner == server_manner::no_descriptor) {
        had_no_descriptor = true;
        return EMFILE;
    }
    at(descriptor).state = link_state::connecting;
    base::microseconds wait = delay() * 2;
    if (manner == server_manner::accepts_late)
        wait += connect_delay;
    if (manner != server_manner::silent)
        schedule(event{now + wait, 0, kind::connected, descriptor,
                       manner == server_manner::refuses ? std::uint64_t{1} : 0});
    else
        had_failed_connect = true;
    if (is_traced())
        say("the proxy connects to server " + std::to_string(server));
    return EINPROGRESS;
}

void kernel::watch(int descriptor, void* data)
{
    endpoint& of = at(descriptor);
    of.watcher = data;
    if (poll(descriptor) != 0)
        notify(of, descriptor);
}

void kernel::notify(endpoint& who, int descriptor)
{
    if (who.watcher == nullptr || who.has_news)
        return;
    who.has_news = true;
    news_.push_back(descriptor);
}

int kernel::collect(epoll_event* events, int count)
{
    int told = 0;
    for (const int each : std::exchange(news_, {})) {
        endpoint& from = at(each);
        from.has_news = false;
        const std::uint32_t what = poll(each);
        if (from.watcher == nullptr || what == 0)
            continue;
        CHECK(told < count, "a session has few sockets");
        events[told].events = what;
        events[told].data.ptr = from.watcher;
        ++told;
        if ((what & EPOLLERR) != 0)
            from.first_reset_seen = std::min(from.first_reset_seen, now);
    }
    return told;
}

} // namespace ferrule::simulation
