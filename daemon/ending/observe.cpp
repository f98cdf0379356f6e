#include "ending/observe.hpp"

#include "base/check.hpp"

namespace ferrule::ending {

namespace {

void note(facts& now, cause why)
{
    if (now.first == cause::none)
        now.first = why;
    else if (now.second == cause::none)
        now.second = why;
}

cause cause_of(side who, source how)
{
    const bool client = who == side::client;
    switch (how) {
    case source::clean: return client ? cause::client_eof : cause::backend_eof;
    case source::truncated: return client ? cause::client_truncated : cause::backend_truncated;
    case source::reset: return client ? cause::client_reset : cause::backend_reset;
    case source::failed: return cause::tls_error;
    case source::open:
    case source::cut: break;
    }
    return cause::internal;
}

/// Stops listening to a source that is still open.
void cut(flow& flow)
{
    if (flow.from == source::open)
        flow.from = source::cut;
}

/// Bytes were dropped for a sink that is gone: once that side's own sending is known to be over,
/// nothing that its counterpart still sends can be delivered either.
void give_up_undeliverable(facts& now, side who)
{
    flow& lost = flow_to(now, who);
    if (lost.to != sink::gone || !lost.dropped || lost.from != source::open)
        return;
    if (flow_from(now, who).from == source::open)
        return;
    note(now, cause_of(who, source::reset));
    cut(lost);
}

/// A write, or the kernel, has told of these resets; what the side sent before could not be read
/// out and is given up. It ended by itself, so no policy for our own ends makes a clean one of it.
void settle_known_resets(facts& now)
{
    for (const side who : {side::client, side::backend}) {
        flow& own = flow_from(now, who);
        if (flow_to(now, who).to != sink::gone || own.from != source::open)
            continue;
        note(now, cause_of(who, source::reset));
        own.from = source::reset;
        own.answered = true;
    }
}

bool is_told_politely(const rules& manners, bool quiet)
{
    switch (manners.on_proxy_end) {
    case proxy_policy::idle_polite: return quiet;
    case proxy_policy::notify: return true;
    case proxy_policy::reset: return false;
    }
    return false;
}

/// What a source that ended by itself means for the other one.
void settle_other_source(facts& now, const rules& manners, side who, source how, bool quiet)
{
    flow& others = flow_to(now, who);
    if (how == source::clean ||
        (how == source::truncated && may_finish(now, manners, other(who)))) {
        if (manners.half_close == half_close::close && others.from == source::open) {
            cut(others);
            now.polite = is_told_politely(manners, quiet);
        }
        return;
    }
    if (others.from == source::open) {
        cut(others);
        now.polite = how == source::reset && may_finish(now, manners, other(who));
    }
}

void mark_stalled(facts& now, side who)
{
    const flow& into = flow_to(now, who);
    const bool can_be_told = into.to != sink::gone && into.to != sink::aborted;
    if (can_be_told && (into.buffered || into.unacked) && !peer_of(now, who).released)
        peer_of(now, who).stalled = true;
}

} // namespace

void source_ended(facts& now, const rules& manners, side who, source how, bool quiet)
{
    CHECK(how != source::open && how != source::cut, "an end is an end of the peer's own making");
    flow& own = flow_from(now, who);

    // A reset ends both directions of its connection (RFC 9293 3.5.3).
    if (how == source::reset && flow_to(now, who).to != sink::aborted)
        flow_to(now, who).to = sink::gone;

    switch (own.from) {
    case source::open:
        note(now, cause_of(who, how));
        own.from = how;
        settle_other_source(now, manners, who, how, quiet);
        break;
    case source::cut:
        if (!own.answered)
            note(now, cause_of(who, how));
        own.answered = true;
        if (how != source::clean)
            own.from = how;
        break;
    default: own.answered = true; break;
    }
    give_up_undeliverable(now, who);
}

void sink_lost(facts& now, side who)
{
    flow& into = flow_to(now, who);
    if (into.to != sink::aborted)
        into.to = sink::gone;
}

void bytes_dropped(facts& now, side who)
{
    flow_to(now, who).dropped = true;
    give_up_undeliverable(now, who);
}

void handshake_ended(facts& now, cause why, bool alert_sent, bool client_gone)
{
    note(now, why);
    now.connected = false;
    now.backend.released = true;
    now.to_backend.to = sink::gone;
    now.to_backend.from = alert_sent ? source::failed : source::cut;
    now.to_client.from = source::cut;
    if (client_gone)
        now.to_client.to = sink::gone;
}

void backend_missing(facts& now, cause why)
{
    note(now, why);
    now.connected = false;
    now.backend.released = true;
    now.to_backend.to = sink::gone;
    cut(now.to_backend);
    now.to_client.from = source::failed;
}

void proxy_ended(facts& now, const rules& manners, cause why, bool quiet)
{
    if (is_closing(now))
        return;               // there is nothing left to cut, and the deadline is armed
    settle_known_resets(now); // they came first
    note(now, why);
    cut(now.to_backend);
    cut(now.to_client);
    now.polite = is_told_politely(manners, quiet);
}

void patience_ended(facts& now, const rules& manners, patience which, bool quiet)
{
    switch (which) {
    case patience::idle:
        proxy_ended(now, manners,
                    has_waiting_bytes(now) ? cause::write_stalled : cause::idle_timeout, quiet);
        break;
    case patience::half_close: proxy_ended(now, manners, cause::half_close_timeout, quiet); break;
    case patience::close_notify:
        // The client was told the truth and never answered. It has not ended, so for the backend
        // this is an abort (docs/endings.md, "What a cut means").
        note(now, cause::close_timeout);
        now.client.lingered = true;
        if (now.to_backend.from == source::open) {
            cut(now.to_backend);
            now.polite = false;
        }
        break;
    case patience::drain:
        mark_stalled(now, side::client);
        mark_stalled(now, side::backend);
        if (!is_closing(now))
            now.polite = false;
        settle_known_resets(now);
        note(now, cause::write_stalled);
        cut(now.to_backend);
        cut(now.to_client);
        break;
    case patience::linger:
        now.client.lingered = true;
        now.backend.lingered = true;
        break;
    }
}

void deadline_passed(facts& now)
{
    now.overdue = true;
}

} // namespace ferrule::ending
