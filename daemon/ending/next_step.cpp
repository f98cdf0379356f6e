#include "ending/next_step.hpp"

#include "base/check.hpp"

#include <algorithm>

namespace ferrule::ending {

namespace {

/// What one side needs next. `wait` with a bound, or something to say.
enum class need : std::uint8_t { wait, finish, truncate, abort, release, nothing };

struct plan {
    need next = need::wait;
    patience bound = patience::idle;
    bool for_acknowledgement = false;
};

constexpr plan wait_for(patience bound)
{
    return {need::wait, bound, false};
}

/// Says `next` once the peer's kernel has acknowledged everything: an RST destroys what it has not,
/// and a close that is not preceded by the acknowledgement proves nothing (E2, E6).
plan once_acknowledged(const flow& into, need next)
{
    if (into.unacked)
        return {need::wait, patience::stall, true};
    return {next, patience::idle, false};
}

/// An abort of the client that needs no RST: the operator chose `truncate`, or a fatal alert has
/// said it already (the FIN behind it keeps the alert readable on systems where an RST would not).
/// Where TLS failed and no alert could be made, a bare FIN would pass for an end: that is an RST.
bool is_told_by_fin(const facts& now, const rules& manners)
{
    if (now.tls_failed)
        return now.alerted;
    return now.to_client.from == source::reset &&
           manners.on_backend_reset == backend_policy::truncate;
}

/// The bound while flows still run, or while a side has nothing to do but wait for the other.
patience running_bound(const facts& now)
{
    switch (phase_of(now)) {
    case phase::handshaking: return patience::handshake;
    case phase::connecting: return patience::connect;
    case phase::relaying: return patience::idle;
    case phase::closing: break;
    }
    return now.asked ? patience::ask : patience::half_close;
}

plan plan_for_open_sink(const facts& now, const rules& manners, side who)
{
    const flow& into = flow_to(now, who);
    if (into.buffered)
        return wait_for(has_ended(now) ? patience::stall : running_bound(now));

    if (may_finish(now, manners, who)) {
        if (who == side::client && manners.mode == mode::abort)
            return once_acknowledged(into, need::abort);
        return {need::finish, patience::idle, false};
    }
    if (must_abort(now, manners, who)) {
        if (who == side::client && is_told_by_fin(now, manners))
            return {need::truncate, patience::idle, false};
        return once_acknowledged(into, need::abort);
    }
    return wait_for(running_bound(now));
}

/// We have sent our FIN. What is left is the peer's own end, and the acknowledgement of ours.
plan plan_for_told_sink(const facts& now, const rules& manners, side who)
{
    const flow& into = flow_to(now, who);
    const flow& from_peer = flow_from(now, who);
    const bool is_client = who == side::client;

    // A peer that still takes what we sent cannot answer its end yet: until then, progress counts.
    if (into.unacked)
        return {need::wait, patience::stall, true};
    if (from_peer.from == source::open)
        return wait_for(is_client ? patience::close_notify : running_bound(now));

    // What a client sends behind a failure of TLS is read on, so that it gets our alert.
    const bool is_answered =
        is_client && now.tls_failed ? from_peer.answered : from_peer.from != source::cut;
    const bool peer_has_ended = from_peer.answered || is_answered;
    if (peer_has_ended || peer_of(now, who).lingered)
        return {need::release, patience::idle, false};

    // The backend may still be sending what nobody will take: only an RST stops it.
    if (!is_client && !now.polite)
        return {need::abort, patience::idle, false};

    const bool waits_for_answer = is_client && manners.mode == mode::wait &&
                                  into.to == sink::finished && from_peer.from == source::cut;
    return wait_for(waits_for_answer ? patience::close_notify : patience::linger);
}

plan plan_for(const facts& now, const rules& manners, side who)
{
    const peer& peer = peer_of(now, who);
    if (peer.released || (who == side::backend && now.contact != contact::connected))
        return {need::nothing, patience::idle, false};
    if (now.overdue || peer.stalled)
        return {need::abort, patience::idle, false};

    switch (flow_to(now, who).to) {
    case sink::open: return plan_for_open_sink(now, manners, who);
    case sink::finished:
    case sink::truncated: return plan_for_told_sink(now, manners, who);
    case sink::gone:
        // Its last bytes may still wait in our receive queue; reading comes to their end at once.
        if (flow_from(now, who).from == source::open)
            return wait_for(patience::stall);
        return {need::release, patience::idle, false};
    case sink::aborted: break;
    }
    CHECK(false, "an aborted sink is a released socket");
}

step step_for(need next, side who)
{
    const bool client = who == side::client;
    switch (next) {
    case need::finish: return client ? step::finish_client : step::finish_backend;
    case need::truncate: return step::truncate_client;
    case need::abort: return client ? step::abort_client : step::abort_backend;
    case need::release: return client ? step::release_client : step::release_backend;
    case need::wait:
    case need::nothing: break;
    }
    return step::wait;
}

/// When both sides wait, the bound that is kept; the other side's begins once it has passed. The
/// client's `timeout` comes before the backend's linger: it is a promise, and a linger is a favour.
patience stricter(patience left, patience right)
{
    const auto rank = [](patience bound) {
        switch (bound) {
        case patience::stall: return 0;
        case patience::close_notify: return 1;
        case patience::linger: return 2;
        case patience::half_close:
        case patience::ask: return 3;
        case patience::idle:
        case patience::connect:
        case patience::handshake: return 4;
        }
        return 4;
    };
    return rank(left) <= rank(right) ? left : right;
}

} // namespace

std::string_view to_text(step value)
{
    switch (value) {
    case step::wait: return "wait";
    case step::finish_client: return "finish_client";
    case step::finish_backend: return "finish_backend";
    case step::truncate_client: return "truncate_client";
    case step::abort_client: return "abort_client";
    case step::abort_backend: return "abort_backend";
    case step::release_client: return "release_client";
    case step::release_backend: return "release_backend";
    case step::done: return "done";
    }
    return "?";
}

decision next_step(const facts& now, const rules& manners)
{
    if (is_over(now))
        return {step::done, patience::idle, false};

    const plan client = plan_for(now, manners, side::client);
    const plan backend = plan_for(now, manners, side::backend);

    for (const auto& [plan, who] : {std::pair{client, side::client}, {backend, side::backend}}) {
        if (plan.next != need::wait && plan.next != need::nothing)
            return {step_for(plan.next, who), patience::idle, false};
    }

    if (client.next == need::nothing)
        return {step::wait, backend.bound, backend.for_acknowledgement};
    if (backend.next == need::nothing)
        return {step::wait, client.bound, client.for_acknowledgement};
    return {step::wait, stricter(client.bound, backend.bound),
            client.for_acknowledgement || backend.for_acknowledgement};
}

void performed(facts& now, const rules& manners, step done)
{
    const auto release = [&](side who) {
        peer_of(now, who).released = true;
        flow& from_peer = flow_from(now, who);
        if (from_peer.from == source::open) {
            from_peer.from = source::cut;
            now.polite = false;
        }
    };
    switch (done) {
    case step::finish_client:
        now.to_client.to = sink::finished;
        now.to_client.unacked = true;
        // `notify` does not wait for the client's answer: what it still sends is read and
        // discarded.
        if (manners.mode == mode::notify && now.to_backend.from == source::open) {
            now.to_backend.from = source::cut;
            now.polite = false;
        }
        break;
    case step::finish_backend:
        now.to_backend.to = sink::finished;
        now.to_backend.unacked = true;
        break;
    case step::truncate_client:
        now.to_client.to = sink::truncated;
        now.to_client.unacked = true;
        break;
    case step::abort_client:
        now.to_client.to = now.to_client.to == sink::gone ? sink::gone : sink::aborted;
        release(side::client);
        break;
    case step::abort_backend:
        now.to_backend.to = now.to_backend.to == sink::gone ? sink::gone : sink::aborted;
        release(side::backend);
        break;
    case step::release_client: release(side::client); break;
    case step::release_backend: release(side::backend); break;
    case step::wait:
    case step::done: break;
    }
}

} // namespace ferrule::ending
