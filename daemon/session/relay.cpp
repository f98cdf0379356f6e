// Moving bytes: what can be read, read; what can be handed over, handed over; the rest waits.
//
// One read for each direction and turn. A sink that takes no more stops its source: what it has not
// taken waits in its peer's queue, and nothing more is read until the queue is empty.

#include "session/session.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ferrule::session {

using ending::direction;
using ending::flow;
using ending::side;
using ending::source;

namespace {

std::size_t index_of(side who)
{
    return static_cast<std::size_t>(who);
}

/// For the recorder: Linux's numbers fit (the highest is 133).
std::uint8_t errno_of(const net::socket& of)
{
    return static_cast<std::uint8_t>(of.last_error());
}

/// The direction of what `from` sends.
std::size_t direction_from(side from)
{
    return static_cast<std::size_t>(from == side::client ? direction::to_backend
                                                         : direction::to_client);
}

} // namespace

/// One look at everything that can have happened: failures, bytes, ends.
void session::see()
{
    if (facts_.contact == ending::contact::never)
        stop_connecting();
    notice_failure(side::client);
    notice_failure(side::backend);
    relay(side::client);
    relay(side::backend);
    come_again();
    meter();
}

/// Progress is what recv(2) and send(2) moved, ciphertext that is no plaintext yet included.
void session::meter()
{
    const net::socket& client = client_.socket();
    const net::socket& backend = backend_.socket();
    const std::uint64_t moved =
        client.received() + client.sent() + backend.received() + backend.sent();
    if (moved == moved_)
        return;
    moved_ = moved;
    progress_ = true;
    last_moved_at_ = now();
}

bool session::can_be_read(side from) const
{
    const bool has_bytes =
        socket_of(from).is_readable() || (from == side::client && client_.has_early_bytes());
    if (!socket_of(from).is_open() || !has_bytes)
        return false;
    if (!ending::wants_reading(facts_, from) || ending::flow_from(facts_, from).buffered)
        return false;
    return from == side::backend || client_.has_early_bytes() ||
           client_.unsent_answers() < answers_max || facts_.to_client.to == ending::sink::gone;
}

/// Read on, to see the peer's own end and to leave nothing unread behind our goodbye: from a side
/// that we have cut and told, and from a client whose backend was asked to end.
bool session::can_be_discarded(side from) const
{
    const flow& own = ending::flow_from(facts_, from);
    const flow& into = ending::flow_to(facts_, from);
    const bool was_told = into.to == ending::sink::finished || into.to == ending::sink::truncated;
    const bool is_cut = own.from == source::cut || own.from == source::failed ||
                        (from == side::client && facts_.tls_failed);
    const bool is_asked = from == side::client && facts_.asked;
    return is_cut && (was_told || is_asked) && !own.answered &&
           !ending::peer_of(facts_, from).lingered && socket_of(from).is_open() &&
           socket_of(from).is_readable();
}

std::size_t session::budget_for(side from) const
{
    if (!bulk_[index_of(from)])
        return chunk_first;
    // A bulk source is read as fast as its sink takes: what the sink could not take would have to
    // be kept. The kernel counts its own overhead, so not all of the room is for bytes.
    const std::size_t room = socket_of(ending::other(from)).room();
    return std::clamp(room - room / 4, chunk_min, chunk_max);
}

taken session::read(side from, std::size_t budget)
{
    return from == side::client ? client_.read(budget) : backend_.read(budget);
}

/// The kernel has given a connection up: its peer takes nothing any more. What it sent before may
/// still wait, in our kernel or behind a sink that is blocked, and is read out first. If all is
/// read, this is the only sign: the FIN that came before hides the reset.
void session::notice_failure(side who)
{
    const ending::sink told = ending::flow_to(facts_, who).to;
    if (!socket_of(who).is_open() || !socket_of(who).has_failed() || told == ending::sink::gone ||
        told == ending::sink::aborted)
        return;
    count_end(who, source::reset);
    note(record::of_side(record::happening::client_gone, who), 0, errno_of(socket_of(who)));
    sink_lost(who);
}

void session::relay(side from)
{
    const side to = ending::other(from);
    flush(to);
    if (can_be_read(from))
        read_once(from);
    else if (can_be_discarded(from))
        discard(from);
}

/// Whoever has more is served again after the others have had their turn. Asked once both have had
/// theirs, since each can make the other readable again: a client of which too many answers waited
/// is read again when they are sent, and no event says so.
void session::come_again()
{
    for (const side each : {side::client, side::backend}) {
        if (can_be_read(each) || can_be_discarded(each)) {
            around_.ready.push(*this);
            return;
        }
    }
}

void session::read_once(side from)
{
    const side to = ending::other(from);
    const std::size_t budget = budget_for(from);
    const taken got = read(from, budget);
    bulk_[index_of(from)] = got.bytes.size() + 1024 >= budget;
    set_heavy(bulk_[0] || bulk_[1]);

    if (!got.bytes.empty()) {
        bytes_[direction_from(from)] += got.bytes.size();
        profile_->counters->bytes[direction_from(from)].add(got.bytes.size());
        owes_answer_ = from == side::client;
        note(record::of_side(record::happening::client_read, from), got.bytes.size());
        hand_over(to, got.bytes);
    }
    take_end(from, got);
}

/// What a read showed besides bytes.
void session::take_end(side from, const taken& got)
{
    if (from == side::client) {
        note_alerts();
        if (const auto trouble = client_.trouble(); trouble.has_value())
            after_handing(side::client, *trouble);
    }
    if (!got.end.has_value())
        return;
    if (*got.end == source::failed)
        tls_failed();
    else
        source_ended(from, *got.end);
}

void session::discard(side from)
{
    const std::uint64_t before = socket_of(from).received();
    const taken got = read(from, chunk_min);
    if (!got.bytes.empty()) {
        // Read, and nobody will have it: that is a loss, and it is told as one (E6).
        bytes_[direction_from(from)] += got.bytes.size();
        lost_[direction_from(from)] += got.bytes.size();
        profile_->counters->bytes[direction_from(from)].add(got.bytes.size());
        note(record::of_side(record::happening::client_discard, from), got.bytes.size());
    }
    // Counted as it comes: what TLS does not decrypt any more is bounded as well. No progress.
    lingered_bytes_ += socket_of(from).received() - before;
    moved_ += socket_of(from).received() - before;
    take_end(from, got);
    if (!got.end.has_value() && lingered_bytes_ > profile_->shutdown.linger_bytes)
        ending::linger_bytes_used_up(facts_);
}

void session::source_ended(side who, source how)
{
    const flow& own = ending::flow_from(facts_, who);
    note(record::of_side(record::happening::client_ended, who), 0, static_cast<std::uint8_t>(how));
    const bool is_news = own.from == source::open || (own.from == source::cut && !own.answered);
    if (is_news || how == source::reset)
        count_end(who, how);
    if (!ending::has_ended(facts_) && how == source::reset)
        detail_errno(socket_of(who).last_error());
    const bool torn = who == side::client && how != source::clean && client_.is_amid_record();
    ending::source_ended(facts_, rules(), who, how, torn);
    if (ending::flow_to(facts_, who).to == ending::sink::gone)
        sink_lost(who);
}

/// TLS is over, by the client's doing or since nothing can be said in the middle of a message.
void session::tls_failed()
{
    note(record::happening::client_ended, 0, static_cast<std::uint8_t>(source::failed));
    if (!ending::has_ended(facts_))
        detail_once(client_.channel().detail());
    ending::tls_failed(facts_, client_.was_alerted());
    if (client_.unsent() > 0)
        ending::kept(facts_, side::client); // our alert is behind what waits
    else
        ending::handed_over(facts_, side::client);
}

/// Bytes that wait for a sink that is gone are lost; how many is asked while the socket is there.
void session::sink_lost(side to)
{
    const bool had_waiting =
        ending::flow_to(facts_, to).buffered &&
        (to == side::client ? client_.missing() : backend_.missing()).unsent > 0;
    ending::sink_lost(facts_, to, had_waiting);
}

void session::hand_over(side to, std::span<const std::byte> bytes)
{
    const flow& into = ending::flow_to(facts_, to);
    if (into.to == ending::sink::gone) {
        lost_[direction_from(ending::other(to))] += bytes.size();
        ending::bytes_dropped(facts_, to);
        return;
    }
    note(record::of_side(record::happening::client_write, to), bytes.size());
    const handed what = to == side::client ? client_.write(bytes) : backend_.write(bytes);
    if (what == handed::refused)
        lost_[direction_from(ending::other(to))] += bytes.size();
    after_handing(to, what);
}

void session::flush(side to)
{
    if (!socket_of(to).is_open() || !socket_of(to).is_writable() ||
        ending::flow_to(facts_, to).to == ending::sink::gone)
        return;
    const std::uint64_t before = unsent(to);
    if (before == 0)
        return;
    const handed what = to == side::client ? client_.flush() : backend_.flush();
    if (unsent(to) != before)
        note(record::of_side(record::happening::client_flush, to), before - unsent(to));
    if (what == handed::over)
        ending::flushed(facts_, to);
    else
        after_handing(to, what);
}

void session::after_handing(side to, handed what)
{
    switch (what) {
    case handed::over: ending::handed_over(facts_, to); break;
    case handed::kept:
        if (!ending::flow_to(facts_, to).buffered)
            note(record::of_side(record::happening::client_kept, to), unsent(to));
        ending::kept(facts_, to);
        break;
    case handed::broken:
        ending::kept(facts_, to);
        if (!ending::has_ended(facts_))
            detail_errno(socket_of(to).last_error());
        count_end(to, source::reset);
        note(record::of_side(record::happening::client_gone, to), 0, errno_of(socket_of(to)));
        sink_lost(to);
        break;
    case handed::refused: tls_failed(); break;
    case handed::no_memory: give_up(ending::cause::limit, "out of memory"); break;
    }
}

} // namespace ferrule::session
