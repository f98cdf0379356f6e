#include "session/flow.hpp"

#include "ending/observe.hpp"
#include "session/observe.hpp"
#include "session/state.hpp"

#include <algorithm>

namespace ferrule::session {

using ending::side;
using ending::source;

ending::direction flow::direction() const noexcept
{
    return from_ == side::client ? ending::direction::to_backend : ending::direction::to_client;
}

void flow::move()
{
    flush();
    if (can_be_read())
        read_once();
    else if (can_be_discarded())
        discard();
}

bool flow::can_be_read() const
{
    const peer& own = state_.peer_of(from_);
    // R9, R19: what came with Finished waits with us, and no event will say so.
    if (!own.socket().is_open() ||
        !(own.socket().is_readable() || own.transport().has_early_bytes()))
        return false;
    // R6, R144, R146: a sink that takes no more stops its source, so that little waits in between.
    if (!ending::wants_reading(state_.facts, from_) ||
        ending::flow_from(state_.facts, from_).buffered)
        return false;
    // P10: answers of ours may wait for a source that sends and does not read.
    return own.unsent_answers() < answers_max || own.transport().has_early_bytes() ||
           ending::flow_to(state_.facts, from_).to == ending::sink::gone;
}

/// Read on, to see the peer's own end and to leave nothing unread behind our goodbye: from a side
/// that we have cut and told (R84, R88), and from a client whose backend was asked to end (R123).
bool flow::can_be_discarded() const
{
    const ending::facts& facts = state_.facts;
    const ending::flow& own = ending::flow_from(facts, from_);
    const ending::flow& into = ending::flow_to(facts, from_);
    const bool is_client = from_ == side::client;
    const bool was_told = into.to == ending::sink::finished || into.to == ending::sink::truncated;
    const bool is_cut =
        own.from == source::cut || own.from == source::failed || (is_client && facts.tls_failed);
    const net::socket& socket = state_.peer_of(from_).socket();
    return is_cut && (was_told || (is_client && facts.asked)) && !own.answered &&
           !ending::peer_of(facts, from_).lingered && socket.is_open() && socket.is_readable();
}

std::size_t flow::budget() const
{
    if (!is_bulk_)
        return chunk_first;
    // A bulk source is read as fast as its sink takes: what the sink could not take would have to
    // be kept. The kernel counts its own overhead, so not all of the room is for bytes.
    const std::size_t room = state_.peer_of(to()).socket().room();
    return std::clamp(room - room / 4, chunk_min, chunk_max);
}

void flow::read_once()
{
    const std::size_t most = budget();
    const taken got = state_.peer_of(from_).read(most);
    is_bulk_ = got.bytes.size() + 1024 >= most;
    if (!got.bytes.empty()) {
        state_.journal.read(direction(), got.bytes.size());
        state_.activity.spoke(from_);
        state_.journal.note(record::of_side(record::happening::client_read, from_),
                            got.bytes.size());
        hand_over(got.bytes);
    }
    see_end(got);
}

/// What a read showed besides bytes.
void flow::see_end(const taken& got)
{
    if (from_ == side::client) {
        state_.journal.note_alerts(state_.client());
        observe_trouble(state_, from_);
    }
    if (got.end.has_value())
        observe_end(state_, from_, *got.end);
}

void flow::discard()
{
    peer& own = state_.peer_of(from_);
    const std::uint64_t before = own.socket().received();
    const taken got = own.read(chunk_min);
    if (!got.bytes.empty()) {
        // Read, and nobody will have it: that is a loss, and it is told as one (E6; R123).
        state_.journal.read(direction(), got.bytes.size());
        state_.journal.lost(direction(), got.bytes.size());
        state_.journal.note(record::of_side(record::happening::client_discard, from_),
                            got.bytes.size());
    }
    // R84: counted as it comes, so what TLS does not decrypt any more is bounded as well.
    state_.activity.discarded(own.socket().received() - before);
    see_end(got);
    if (!got.end.has_value() && state_.activity.discarded() > state_.route->shutdown.linger_bytes)
        ending::linger_bytes_used_up(state_.facts);
}

void flow::hand_over(std::span<const std::byte> bytes)
{
    if (ending::flow_to(state_.facts, to()).to == ending::sink::gone) {
        // R34, R35: the answer of a backend that could not know (E6).
        state_.journal.lost(direction(), bytes.size());
        ending::bytes_dropped(state_.facts, to());
        return;
    }
    state_.journal.note(record::of_side(record::happening::client_write, to()), bytes.size());
    const handed what = state_.peer_of(to()).write(bytes);
    if (what == handed::refused) // R46: TLS can say no more
        state_.journal.lost(direction(), bytes.size());
    observe_handed(state_, to(), what);
}

void flow::flush()
{
    peer& sink = state_.peer_of(to());
    if (!sink.socket().is_open() || !sink.socket().is_writable() ||
        ending::flow_to(state_.facts, to()).to == ending::sink::gone)
        return;
    const std::size_t before = sink.unsent();
    if (before == 0)
        return;
    observe_flushed(state_, to(), sink.flush(), before);
}

} // namespace ferrule::session
