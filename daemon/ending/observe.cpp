#include "ending/observe.hpp"

#include "base/check.hpp"
#include "ending/noting.hpp"

namespace ferrule::ending {

namespace {

/// Bytes were dropped for a sink that is gone: once that side's own sending is known to be over,
/// nothing that its counterpart still sends can be delivered either.
void give_up_undeliverable(facts& now, side who)
{
    flow& lost = flow_to(now, who);
    if (lost.to != sink::gone || !lost.dropped || lost.from != source::open)
        return;
    if (flow_from(now, who).from == source::open)
        return;
    // R35: an answer for a client that is gone; nothing else stops its backend (decision 5).
    note(now, cause_of(who, source::reset));
    cut(lost);
}

/// What a source that ended by itself means for the other one.
void settle_other_source(facts& now, const rules& manners, side who, source how)
{
    flow& others = flow_to(now, who);
    if (others.from != source::open)
        return;
    if (how == source::clean ||
        (how == source::truncated && may_finish(now, manners, other(who)))) {
        // R2 to R5, R95: the other flow goes on for as long as it likes (E3). R87 to R89: unless
        // the operator wants one end to be both.
        if (manners.half_close == half_close::close) {
            cut(others);
            now.polite = manners.on_proxy_end == proxy_policy::notify;
        }
        return;
    }
    // R20, R30, R33: with one side broken, nobody can tell what the other one's words are worth.
    // R96: but for a reset that the operator takes for an end.
    cut(others);
    now.polite = how == source::reset && may_finish(now, manners, other(who));
}

/// There is no backend, and there will be none.
void give_up_backend(facts& now)
{
    now.contact = contact::never;
    now.to_backend.to = sink::gone;
    cut(now.to_backend);
    now.to_client.from = source::absent;
    // R50, R63: what the handshake has written, an alert for one, may not have arrived yet (E2).
    now.to_client.unacked = now.to_client.to != sink::gone;
}

} // namespace

// --- the beginning -------------------------------------------------------------------------------

void handshake_done(facts& now)
{
    now.secured = true;
}

void handshake_ended(facts& now, cause why, told client)
{
    CHECK(now.contact == contact::awaited, "there is no backend before the handshake is over");
    note(now, why);
    now.tls_failed = client == told::alert;
    now.alerted = now.tls_failed;
    if (client == told::gone) // R60, R64: there is nobody to tell
        now.to_client.to = sink::gone;
    if (client == told::alert) // R63, R69: by a FIN; R66 to R68: nothing was said, so by an RST
        now.to_backend.from = source::failed;
    give_up_backend(now);
}

void connected(facts& now)
{
    CHECK(now.contact == contact::awaited && now.secured, "the handshake comes first");
    now.contact = contact::connected;
}

void backend_missing(facts& now, cause why)
{
    CHECK(now.contact == contact::awaited, "a backend that was there is not missing");
    note(now, why);
    give_up_backend(now);
}

void client_left_early(facts& now)
{
    now.to_client.to = sink::gone;
    backend_missing(now, cause::client_reset);
}

// --- bytes ---------------------------------------------------------------------------------------

void handed_over(facts& now, side who)
{
    flow_to(now, who).unacked = true;
    flow_to(now, who).buffered = false;
}

void kept(facts& now, side who)
{
    flow_to(now, who).unacked = true;
    flow_to(now, who).buffered = true;
}

void flushed(facts& now, side who)
{
    flow_to(now, who).buffered = false;
}

void acknowledged(facts& now, side who)
{
    flow_to(now, who).unacked = false;
}

void bytes_dropped(facts& now, side who)
{
    flow_to(now, who).dropped = true;
    give_up_undeliverable(now, who);
}

// --- ends ----------------------------------------------------------------------------------------

void source_ended(facts& now, const rules& manners, side who, source how, bool torn)
{
    CHECK(how == source::clean || how == source::truncated || how == source::reset,
          "an end is an end of the peer's own making");
    CHECK(!torn || (who == side::client && how != source::clean), "only a client's end is torn");
    now.torn = now.torn || torn;
    flow& own = flow_from(now, who);

    // R33, R34, R37: a reset ends both directions of its connection (RFC 9293 3.5.3).
    if (how == source::reset && flow_to(now, who).to != sink::aborted)
        flow_to(now, who).to = sink::gone;

    switch (own.from) {
    case source::open:
        note(now, cause_of(who, how));
        own.from = how;
        settle_other_source(now, manners, who, how);
        break;
    case source::cut: // R83, R88, R89: its answer to our end, and no more
        if (own.answered)
            break; // it has ended once; what comes behind that is no end of its own
        note(now, cause_of(who, how));
        own.answered = true;
        if (how != source::clean)
            own.from = how;
        break;
    default: own.answered = true; break;
    }
    give_up_undeliverable(now, who);
}

void tls_failed(facts& now, bool alerted)
{
    flow& own = now.to_backend;
    if (now.tls_failed)
        return;
    now.tls_failed = true;
    now.alerted = alerted;
    const bool is_news = own.from == source::open || (own.from == source::cut && !own.answered);
    const bool is_in_the_way = now.to_client.to == sink::open;
    if (is_news || is_in_the_way) // R40, R135; R47: although the backend ended first
        note(now, cause::tls_error);
    // R40, R45: the failure is how the client ended, unless it had ended before.
    if (is_news) {
        own.answered = own.from == source::cut;
        own.from = source::failed;
    }
    cut(now.to_client); // R46: what the backend still says cannot be encrypted any more
    now.polite = false;
    give_up_undeliverable(now, side::client);
}

void sink_lost(facts& now, side who, bool had_waiting)
{
    flow& into = flow_to(now, who);
    if (into.to == sink::aborted)
        return;
    if (now.contact == contact::awaited && has_open_source(now)) {
        client_left_early(now);
        return;
    }
    // R23, R24: its source stays open, so that it is read out before this counts as a reset.
    into.to = sink::gone;
    into.buffered = false;
    if (had_waiting)
        bytes_dropped(now, who);
}

} // namespace ferrule::ending
