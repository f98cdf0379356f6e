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
/// and a close that is not preceded by the acknowledgement proves nothing (E2, E6; R21, R86, R145).
plan once_acknowledged(const flow& into, need next)
{
    if (into.unacked)
        return {need::wait, patience::stall, true};
    return {next, patience::idle, false};
}

/// An abort of the client that needs no RST: the operator chose `truncate` (R97), or a fatal alert
/// has said it already (R40 to R42, R63: the FIN behind it keeps the alert readable on systems
/// where an RST would not). Where TLS failed and no alert could be made (R45), a bare FIN would
/// pass for an end: that is an RST.
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
    // R90, R119: `idle` is no bound for a session that is half-closed. R111: nor for one that asks.
    return now.asked ? patience::ask : patience::half_close;
}

plan plan_for_open_sink(const facts& now, const rules& manners, side who)
{
    const flow& into = flow_to(now, who);
    // R6, R146: what was read comes before the end. R26, R38, F17, F48: a sink that takes none of
    // it has `stall_timeout` for the rest (E2, E4).
    if (into.buffered)
        return wait_for(has_ended(now) ? patience::stall : running_bound(now));

    if (may_finish(now, manners, who)) {
        // R85, R98: in this mode no client gets a close_notify, not even for a whole answer.
        if (who == side::client && manners.mode == mode::abort)
            return once_acknowledged(into, need::abort);
        // R1: at once, before the other side answers.
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

    // R94, R144, F18: a peer that still takes what we sent cannot answer its end yet: until then,
    // progress counts. R93: one that takes nothing has `stall_timeout`.
    if (into.unacked)
        return {need::wait, patience::stall, true};
    // R80, R81: the client may be silent for `timeout`; R90, R92: the backend for
    // half_close_timeout.
    if (from_peer.from == source::open)
        return wait_for(is_client ? patience::close_notify : running_bound(now));

    // R40, R136: what a client sends behind a failure of TLS is read on, so that it gets our alert.
    const bool is_answered =
        is_client && now.tls_failed ? from_peer.answered : from_peer.from != source::cut;
    const bool peer_has_ended = from_peer.answered || is_answered;
    // R7, R12: both ends are said, and ours has arrived. R83: or the peer's own came after our cut.
    if (peer_has_ended || peer_of(now, who).lingered)
        return {need::release, patience::idle, false};

    // R35, R87, R90: the backend may still be sending what nobody will take: only an RST stops it.
    if (!is_client && !now.polite)
        return {need::abort, patience::idle, false};

    // R112, F11: a client that was told politely has the time for its answer that it always has.
    // R82, R97: one that is not waited for has `linger`, in which the tail of what we sent arrives
    // (E2).
    const bool waits_for_answer = is_client && manners.mode == mode::wait &&
                                  into.to == sink::finished && from_peer.from == source::cut;
    return wait_for(waits_for_answer ? patience::close_notify : patience::linger);
}

plan plan_for(const facts& now, const rules& manners, side who)
{
    const peer& peer = peer_of(now, who);
    if (peer.released || (who == side::backend && now.contact != contact::connected))
        return {need::nothing, patience::idle, false};
    // R94: nothing outlives `deadline`. R93, R115, R116: whoever takes nothing is not waited for
    // (E4).
    if (now.overdue || peer.stalled)
        return {need::abort, patience::idle, false};

    switch (flow_to(now, who).to) {
    case sink::open: return plan_for_open_sink(now, manners, who);
    case sink::finished:
    case sink::truncated: return plan_for_told_sink(now, manners, who);
    case sink::gone:
        // R24: its last bytes may still wait in our receive queue; reading comes to their end at
        // once.
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
        // R82, R84: `notify` does not wait for the client's answer: what it still sends is read and
        // discarded. So the client has not ended, and the backend gets no FIN (decision 3).
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
