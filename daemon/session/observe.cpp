#include "session/observe.hpp"

#include "ending/observe.hpp"
#include "session/state.hpp"

namespace ferrule::session {

using ending::flow;
using ending::side;
using ending::source;

namespace {

/// For the recorder: Linux's numbers fit (the highest is 133).
std::uint8_t errno_of(const peer& of)
{
    return static_cast<std::uint8_t>(of.socket().last_error());
}

void note_gone(state& now, side who)
{
    now.journal.ended(who, source::reset);
    now.journal.note(record::of_side(record::happening::client_gone, who), 0,
                     errno_of(now.peer_of(who)));
}

} // namespace

void observe_handed(state& now, side to, handed what)
{
    peer& sink = now.peer_of(to);
    switch (what) {
    case handed::over: ending::handed_over(now.facts, to); break;
    case handed::kept:
        if (!ending::flow_to(now.facts, to).buffered)
            now.journal.note(record::of_side(record::happening::client_kept, to), sink.unsent());
        ending::kept(now.facts, to);
        break;
    case handed::broken:
        ending::kept(now.facts, to);
        if (!ending::has_ended(now.facts))
            now.journal.detail_errno(sink.socket().last_error());
        note_gone(now, to);
        observe_sink_lost(now, to); // R23, R24: that says nothing yet of how it ended as a sender
        break;
    case handed::refused: observe_tls_failure(now); break;
    case handed::no_memory: give_up(now, ending::cause::limit, "out of memory"); break;
    }
}

void observe_flushed(state& now, side to, handed what, std::size_t before)
{
    const std::size_t left = now.peer_of(to).unsent();
    if (left != before)
        now.journal.note(record::of_side(record::happening::client_flush, to), before - left);
    if (what == handed::over)
        ending::flushed(now.facts, to);
    else
        observe_handed(now, to, what);
}

void observe_trouble(state& now, side who)
{
    if (const auto trouble = now.peer_of(who).trouble(); trouble.has_value())
        observe_handed(now, who, *trouble);
}

void observe_end(state& now, side who, source how)
{
    if (how == source::failed) {
        observe_tls_failure(now);
        return;
    }
    peer& ended = now.peer_of(who);
    const flow& own = ending::flow_from(now.facts, who);
    now.journal.note(record::of_side(record::happening::client_ended, who), 0,
                     static_cast<std::uint8_t>(how));
    const bool is_news = own.from == source::open || (own.from == source::cut && !own.answered);
    if (is_news || how == source::reset)
        now.journal.ended(who, how);
    if (!ending::has_ended(now.facts) && how == source::reset)
        now.journal.detail_errno(ended.socket().last_error());
    // R31, R191, R192: nobody means to send half a record.
    const bool torn = how != source::clean && ended.transport().is_amid_record();
    ending::source_ended(now.facts, now.rules(), who, how, torn);
    if (ending::flow_to(now.facts, who).to == ending::sink::gone)
        observe_sink_lost(now, who);
}

void observe_tls_failure(state& now)
{
    peer& client = now.client();
    now.journal.note(record::happening::client_ended, 0, static_cast<std::uint8_t>(source::failed));
    if (!ending::has_ended(now.facts))
        now.journal.detail_once(client.transport().tls()->channel().detail());
    ending::tls_failed(now.facts, client.was_alerted());
    if (client.unsent() > 0)
        ending::kept(now.facts, side::client); // R42, R45: our alert is behind what waits
    else
        ending::handed_over(now.facts, side::client);
}

void observe_failure(state& now, side who)
{
    // R26, R38: told by the kernel alone, while the last bytes wait behind a sink that is blocked.
    const net::socket& socket = now.peer_of(who).socket();
    const ending::sink told = ending::flow_to(now.facts, who).to;
    if (!socket.is_open() || !socket.has_failed() || told == ending::sink::gone ||
        told == ending::sink::aborted)
        return;
    note_gone(now, who);
    observe_sink_lost(now, who);
}

void observe_sink_lost(state& now, side to)
{
    const bool had_waiting =
        ending::flow_to(now.facts, to).buffered && now.peer_of(to).missing().unsent > 0;
    ending::sink_lost(now.facts, to, had_waiting);
}

bool observe_acknowledgements(state& now)
{
    bool changed = false;
    for (const side who : {side::client, side::backend}) {
        const flow& into = ending::flow_to(now.facts, who);
        // R120: nobody says that a slow peer takes what its kernel holds; it is progress all the
        // same. What died with a connection was not taken by anybody: none.
        const bool is_awaited = into.unacked && into.to != ending::sink::gone;
        const acknowledgement seen = now.peer_of(who).look_for_acknowledgement(is_awaited);
        now.bounds.progress = now.bounds.progress || seen.is_more;
        if (!seen.is_whole)
            continue;
        ending::acknowledged(now.facts, who);
        changed = true;
        if (ending::has_ended(now.facts))
            now.journal.note(record::of_side(record::happening::client_acknowledged, who));
    }
    return changed;
}

void observe_progress(state& now)
{
    if (now.activity.meter(now.peers, now.now()))
        now.bounds.progress = true;
}

void give_up(state& now, ending::cause why, std::string_view detail)
{
    now.journal.detail_once(detail);
    ending::given_up(now.facts, why);
}

} // namespace ferrule::session
