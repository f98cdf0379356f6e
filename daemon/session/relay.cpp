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

bool session::can_be_read(side from) const noexcept
{
    const bool has_bytes =
        socket_of(from).is_readable() || (from == side::client && client_.has_early_bytes());
    if (!socket_of(from).is_open() || !has_bytes)
        return false;
    if (!ending::wants_reading(facts_, from) || ending::flow_from(facts_, from).buffered)
        return false;
    return from == side::backend || client_.unsent() < unsent_max ||
           facts_.to_client.to == ending::sink::gone;
}

bool session::can_be_discarded(side from) const noexcept
{
    const flow& own = ending::flow_from(facts_, from);
    const flow& into = ending::flow_to(facts_, from);
    const bool was_told = into.to == ending::sink::finished || into.to == ending::sink::truncated;
    const bool is_cut = own.from == source::cut || own.from == source::failed;
    return is_cut && was_told && !own.answered && socket_of(from).is_open() &&
           socket_of(from).is_readable();
}

std::size_t session::budget_for(side from) const noexcept
{
    if (!bulk_[index_of(from)])
        return chunk_first;
    // A bulk source is read as fast as its sink takes: what the sink could not take would have to
    // be kept. The kernel counts its own overhead, so not all of the room is for bytes.
    const std::size_t room = socket_of(ending::other(from)).room();
    return std::clamp(room - room / 4, chunk_min, chunk_max);
}

taken session::read(side from, std::size_t budget) noexcept
{
    return from == side::client ? client_.read(budget) : backend_.read(budget);
}

/// The kernel has given a connection up: its peer takes nothing any more. What it sent before may
/// still wait, in our kernel or behind a sink that is blocked, and is read out first. If all is
/// read, this is the only sign: the FIN that came before hides the reset.
void session::notice_failure(side who) noexcept
{
    const ending::sink told = ending::flow_to(facts_, who).to;
    if (!socket_of(who).is_open() || !socket_of(who).has_failed() || told == ending::sink::gone ||
        told == ending::sink::aborted)
        return;
    count_end(who, source::reset);
    note(of_side(happening::client_gone, who), 0, errno_of(socket_of(who)));
    ending::sink_lost(facts_, who);
    drop_if_gone(who);
}

void session::relay(side from) noexcept
{
    const side to = ending::other(from);
    flush(to);
    if (can_be_read(from))
        read_once(from);
    else if (can_be_discarded(from))
        discard(from);
    // Whoever has more is served again after the others have had their turn.
    if (can_be_read(from) || can_be_discarded(from))
        around_.ready.push(*this);
}

void session::read_once(side from) noexcept
{
    const side to = ending::other(from);
    const std::size_t budget = budget_for(from);
    const taken got = read(from, budget);
    bulk_[index_of(from)] = got.bytes.size() + 1024 >= budget;
    set_heavy(bulk_[0] || bulk_[1]);

    if (!got.bytes.empty()) {
        bytes_[direction_from(from)] += got.bytes.size();
        profile_->counters->bytes[direction_from(from)].add(got.bytes.size());
        progress_ = true;
        last_byte_at_ = now();
        note(of_side(happening::client_read, from), got.bytes.size());
        hand_over(to, got.bytes);
    }
    if (from == side::client) {
        note_alerts();
        if (const auto trouble = client_.trouble(); trouble.has_value())
            after_handing(side::client, *trouble);
    }
    if (got.end.has_value())
        source_ended(from, *got.end);
}

void session::discard(side from) noexcept
{
    const taken got = read(from, chunk_min);
    if (!got.bytes.empty()) {
        // Read, and nobody will have it: that is a loss, and it is told as one (E6).
        bytes_[direction_from(from)] += got.bytes.size();
        lost_[direction_from(from)] += got.bytes.size();
        profile_->counters->bytes[direction_from(from)].add(got.bytes.size());
        discarded_ += got.bytes.size();
        note(of_side(happening::client_discard, from), got.bytes.size());
    }
    if (from == side::client) {
        note_alerts();
        if (const auto trouble = client_.trouble(); trouble.has_value())
            after_handing(side::client, *trouble);
    }
    if (got.end.has_value())
        source_ended(from, *got.end);
    else if (discarded_ > profile_->shutdown.linger_bytes)
        ending::patience_ended(facts_, rules(), ending::patience::linger, false);
}

void session::source_ended(side who, source how) noexcept
{
    const flow& own = ending::flow_from(facts_, who);
    note(of_side(happening::client_ended, who), 0, static_cast<std::uint8_t>(how));
    const bool is_news = own.from == source::open || (own.from == source::cut && !own.answered);
    if (is_news || how == source::reset)
        count_end(who, how);
    if (!ending::has_ended(facts_)) {
        if (how == source::failed)
            detail_once(client_.channel().detail());
        else if (how == source::reset)
            detail_errno(socket_of(who).last_error());
    }
    ending::source_ended(facts_, rules(), who, how, is_quiet());
    drop_if_gone(who);
}

void session::hand_over(side to, std::span<const std::byte> bytes) noexcept
{
    flow& into = ending::flow_to(facts_, to);
    if (into.to == ending::sink::gone) {
        lost_[direction_from(ending::other(to))] += bytes.size();
        ending::bytes_dropped(facts_, to);
        return;
    }
    into.unacked = true;
    note(of_side(happening::client_write, to), bytes.size());
    const handed what = to == side::client ? client_.write(bytes) : backend_.write(bytes);
    if (what == handed::refused)
        lost_[direction_from(ending::other(to))] += bytes.size();
    after_handing(to, what);
}

void session::flush(side to) noexcept
{
    if (!socket_of(to).is_open() || !socket_of(to).is_writable() ||
        ending::flow_to(facts_, to).to == ending::sink::gone)
        return;
    const std::size_t before = to == side::client ? client_.unsent() : backend_.unsent();
    if (before == 0)
        return;
    const handed what = to == side::client ? client_.flush() : backend_.flush();
    const std::size_t after = to == side::client ? client_.unsent() : backend_.unsent();
    if (after != before) {
        note(of_side(happening::client_flush, to), before - after);
        progress_ = true;
        last_byte_at_ = now();
    }
    after_handing(to, what);
}

void session::after_handing(side to, handed what) noexcept
{
    flow& into = ending::flow_to(facts_, to);
    switch (what) {
    case handed::over: into.buffered = false; break;
    case handed::kept:
        if (!into.buffered)
            note(of_side(happening::client_kept, to),
                 to == side::client ? client_.unsent() : backend_.unsent());
        into.buffered = true;
        break;
    case handed::broken:
        into.buffered = true;
        if (!ending::has_ended(facts_))
            detail_errno(socket_of(to).last_error());
        count_end(to, source::reset);
        note(of_side(happening::client_gone, to), 0, errno_of(socket_of(to)));
        ending::sink_lost(facts_, to);
        drop_if_gone(to);
        break;
    case handed::refused: source_ended(side::client, source::failed); break;
    case handed::no_memory: give_up("out of memory"); break;
    }
}

/// Bytes that wait for a sink that is gone are lost; how many is asked while the socket is there.
void session::drop_if_gone(side to) noexcept
{
    flow& into = ending::flow_to(facts_, to);
    if (into.to != ending::sink::gone || !into.buffered)
        return;
    into.buffered = false;
    const shortfall missing = to == side::client ? client_.missing() : backend_.missing();
    if (missing.unsent > 0)
        ending::bytes_dropped(facts_, to);
}

} // namespace ferrule::session
