// The simulated kernel's network: segments, acknowledgements, and the peers that vanish.
#include "simulation/kernel.hpp"

#include <algorithm>
#include <cerrno>

namespace ferrule::simulation {

using namespace std::chrono_literals;

void kernel::schedule(event what)
{
    what.order = ++order_;
    events_.push(what);
}

void kernel::schedule(time_point when, kind what, int who)
{
    schedule(event{when, 0, what, who});
}

void kernel::later(time_point when, std::uint32_t what)
{
    schedule(event{when, 0, kind::own, 0, what});
}

base::microseconds kernel::delay()
{
    const auto spread = static_cast<std::size_t>(net.jitter.count());
    return net.latency + base::microseconds{static_cast<long>(chance_.below(spread + 1))};
}

std::optional<time_point> kernel::next() const
{
    if (events_.empty())
        return std::nullopt;
    return events_.top().when;
}

bool kernel::step()
{
    if (events_.empty() || events_.top().when > now)
        return false;
    const event what = events_.top();
    events_.pop();
    switch (what.what) {
    case kind::arrival: arrive(what.who); break;
    case kind::acknowledgement: acknowledged(what); break;
    case kind::connected: connected(what.amount == 1 ? -what.who : what.who); break;
    case kind::check_vanished: check_vanished(what.who); break;
    case kind::own: due_.push_back(static_cast<std::uint32_t>(what.amount)); break;
    }
    return true;
}

std::optional<std::uint32_t> kernel::take_due()
{
    if (due_.empty())
        return std::nullopt;
    const std::uint32_t first = due_.front();
    due_.pop_front();
    return first;
}

void kernel::transmit(int descriptor)
{
    endpoint& of = at(descriptor);
    if (of.state != link_state::established)
        return;
    while (of.sent < of.written && of.sent < of.edge) {
        std::size_t count = std::min<std::uint64_t>(of.written, of.edge) - of.sent;
        count = std::min(count, net.segment_max);
        if (net.is_choppy && count > 1)
            count =
                chance_.between(1, chance_.one_in(3) ? std::min<std::size_t>(count, 40) : count);
        put(descriptor, {segment::kind::data, of.queue.substr(of.sent - of.acknowledged, count)});
        of.sent += count;
    }
    if (of.fin_queued && !of.fin_sent && of.sent == of.written) {
        of.fin_sent = true;
        put(descriptor, {segment::kind::fin, {}});
    }
}

void kernel::put(int from, segment what)
{
    endpoint& of = at(from);
    of.on_the_way.push_back(std::move(what));
    of.last_arrival = std::max(of.last_arrival, now + delay());
    schedule(of.last_arrival, kind::arrival, from);
}

void kernel::arrive(int from)
{
    segment what = std::move(at(from).on_the_way.front());
    at(from).on_the_way.pop_front();
    const int to = at(from).peer;
    endpoint& of = at(to);
    if (of.vanished || at(from).vanished)
        return;
    if (what.what == segment::kind::reset) {
        take_reset(to);
        return;
    }
    if (of.state == link_state::dead) {
        // Nobody is there; who was reset by its peer has nobody to tell it to.
        if (!of.reset_arrived) {
            of.reset_was_sent = true;
            put(to, {segment::kind::reset, {}});
        }
        return;
    }
    if (what.what == segment::kind::data) {
        take_data(to, what.bytes);
        return;
    }
    if (is_traced())
        say(of.name + " gets FIN");
    of.fin_arrived = true;
    acknowledge(to);
    notify(of, to);
}

void kernel::take_data(int to, std::string& bytes)
{
    endpoint& of = at(to);
    if (of.closed) { // an orphan takes nothing any more
        of.state = link_state::dead;
        of.reset_was_sent = true;
        if (is_traced())
            say(of.name + " is closed, and gets data: RST");
        put(to, {segment::kind::reset, {}});
        return;
    }
    of.received += bytes;
    of.arrived += bytes.size();
    if (is_traced())
        say(of.name + " gets " + std::to_string(bytes.size()));
    notify(of, to);
    if (!of.acknowledgement_due)
        acknowledge(to);
}

void kernel::take_reset(int to)
{
    endpoint& of = at(to);
    if (of.state == link_state::dead || is_over(of))
        return;
    if (is_traced())
        say(of.name + " gets RST");
    // As tcp_reset(): in CLOSE_WAIT the error is EPIPE.
    give_up(to, of.fin_arrived && !of.fin_queued ? EPIPE : ECONNRESET);
}

void kernel::give_up(int to, int error)
{
    endpoint& of = at(to);
    of.state = link_state::dead;
    of.reset_arrived = true;
    of.error = error;
    notify(of, to);
}

/// Schedules an acknowledgement of all that has come, now or, as kernels do, a little later.
void kernel::acknowledge(int from)
{
    endpoint& of = at(from);
    if (of.state != link_state::established)
        return;
    of.acknowledgement_due = true;
    of.last_acknowledgement = std::max(of.last_acknowledgement, now + delay());
    if (net.acknowledgement_delay.count() > 0 && chance_.one_in(3))
        of.last_acknowledgement += net.acknowledgement_delay;
    // What it says is what is true when it is sent; a later one says more.
    of.announced = std::max(of.announced, of.read + of.receive_limit);
    schedule(event{of.last_acknowledgement, 0, kind::acknowledgement, from, of.arrived,
                   of.announced, of.fin_arrived});
    of.acknowledgement_due = false;
}

void kernel::acknowledged(const event& what)
{
    if (at(what.who).vanished)
        return;
    const int sender = at(what.who).peer;
    endpoint& of = at(sender);
    if (of.state != link_state::established)
        return;
    const bool is_news =
        what.amount > of.acknowledged || (what.fin && of.fin_sent && !of.fin_acknowledged);
    if (what.amount > of.acknowledged) {
        of.queue.erase(0, what.amount - of.acknowledged);
        of.acknowledged = what.amount;
        of.oldest_unacknowledged = now;
    }
    of.edge = std::max(of.edge, what.edge);
    if (what.fin && of.fin_sent)
        of.fin_acknowledged = true;
    if (is_news)
        moved(of);
    if (is_news && is_traced())
        say(of.name + ": acknowledged up to " + std::to_string(of.acknowledged) +
            (of.fin_acknowledged ? " and FIN" : ""));
    if (is_over(of))
        notify(of, sender);
    if (of.no_space && of.send_limit >= of.queue.size() + of.queue.size() / 2) {
        of.no_space = false;
        notify(of, sender);
    }
    transmit(sender);
}

/// A negative number is a refusal.
void kernel::connected(int who)
{
    const bool refused = who < 0;
    who = refused ? -who : who;
    if (at(who).closed)
        return;
    if (refused) {
        had_failed_connect = true;
        if (is_traced())
            say("connection refused");
        at(who).was_refused = true;
        give_up(who, ECONNREFUSED);
        return;
    }
    const int far = make_endpoint("backend", backend_send_limit, backend_window);
    join(who, far);
    moved(at(who));
    accepted.push_back(far);
    if (is_traced())
        say("the backend accepts");
    notify(at(who), who);
}

void kernel::vanish(int descriptor)
{
    endpoint& of = at(descriptor);
    if (of.peer < 0 || of.vanished)
        return;
    of.vanished = true;
    if (is_traced())
        say(of.name + " vanishes");
    endpoint& watched = at(of.peer);
    watched.oldest_unacknowledged = std::max(watched.oldest_unacknowledged, time_point{});
    of.last_arrival = now;
    schedule(now + 1s, kind::check_vanished, descriptor);
}

/// A living peer answers keepalive, so it is never silent for longer than that lets it be.
base::milliseconds kernel::silent_for(int descriptor)
{
    const endpoint& of = at(descriptor);
    if (of.peer < 0 || !at(of.peer).vanished)
        return base::milliseconds{0};
    return std::chrono::duration_cast<base::milliseconds>(now - at(of.peer).last_arrival);
}

/// About 15 minutes of retransmissions where bytes are in flight, keepalive where none are.
void kernel::check_vanished(int who)
{
    const int left_behind = at(who).peer;
    endpoint& of = at(left_behind);
    if (of.closed || of.state != link_state::established)
        return;
    const bool in_flight = unacknowledged(left_behind) > 0;
    const time_point since = in_flight ? of.oldest_unacknowledged : at(who).last_arrival;
    if (now - since >= (in_flight ? 924s : of.keepalive.takes())) {
        if (is_traced())
            say(of.name + ": the kernel gives the peer up");
        give_up(left_behind, ETIMEDOUT);
        return;
    }
    schedule(now + 1s, kind::check_vanished, who);
}

} // namespace ferrule::simulation
