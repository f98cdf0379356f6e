#include "record/recorder.hpp"

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

namespace ferrule::record {

namespace {

/// What a session without trouble records: four on its way to a server, that it waits, and one for
/// each way that bytes move.
constexpr std::uint32_t room_first = 9;
constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t last_moment = (std::uint64_t{1} << 48U) - 1;

std::uint64_t end_of(const recorded& event)
{
    return event.at + std::uint64_t{event.lasted} * 1000;
}

} // namespace

recorder::recorder(std::uint32_t events) noexcept
    : events_{events == 0 ? nullptr : new (std::nothrow) recorded[std::min(events, room_first)]},
      capacity_{events_ == nullptr ? 0 : events},
      room_{events_ == nullptr ? 0 : std::min(events, room_first)}
{
}

/// Without memory it keeps fewer.
void recorder::grow() noexcept
{
    const std::uint32_t wanted = std::min(capacity_, room_ * 2);
    std::unique_ptr<recorded[]> larger{new (std::nothrow) recorded[wanted]};
    if (larger == nullptr) {
        capacity_ = room_;
        return;
    }
    std::copy_n(events_.get(), room_, larger.get());
    events_ = std::move(larger);
    room_ = wanted;
}

std::size_t recorder::size() const noexcept
{
    return static_cast<std::size_t>(std::min<std::uint64_t>(added_, capacity_));
}

const recorded& recorder::operator[](std::size_t index) const noexcept
{
    return slot(omitted() + index);
}

/// The event of this kind among the last ones, as long as they are nothing but moved bytes without
/// a pause. There are at most ten kinds, so this is short.
recorded* recorder::found_in_run(happening what, std::uint64_t at) noexcept
{
    constexpr std::uint64_t pause_microseconds = base::microseconds{pause}.count();
    const std::size_t kept = size();
    std::uint64_t latest = 0;
    recorded* found = nullptr;
    for (std::size_t back = 1; back <= kept; ++back) {
        recorded& event = slot(added_ - back);
        if (!moves_bytes(event.kind()))
            break;
        latest = std::max(latest, end_of(event));
        if (event.kind() == what) {
            found = &event;
            break;
        }
    }
    if (found == nullptr || found->count == most || at > latest + pause_microseconds)
        return nullptr;
    return found;
}

void recorder::add(base::microseconds since_accept, happening what, std::uint64_t amount,
                   std::uint8_t detail) noexcept
{
    const std::uint64_t at =
        std::min(static_cast<std::uint64_t>(since_accept.count()), last_moment);
    if (moves_bytes(what)) {
        if (recorded* const event = found_in_run(what, at); event != nullptr) {
            event->amount += amount;
            ++event->count;
            event->lasted =
                static_cast<std::uint32_t>(std::min<std::uint64_t>((at - event->at) / 1000, most));
            return;
        }
    }
    if (added_ == room_ && room_ < capacity_)
        grow();
    recorded& event = slot(added_++);
    event = recorded{};
    event.at = at & last_moment;
    event.what = static_cast<std::uint8_t>(what);
    event.detail = detail;
    event.amount = amount;
}

std::string_view to_text(happening value)
{
    switch (value) {
    case happening::client_read: return "client_read";
    case happening::backend_read: return "backend_read";
    case happening::client_write: return "client_write";
    case happening::backend_write: return "backend_write";
    case happening::client_kept: return "client_kept";
    case happening::backend_kept: return "backend_kept";
    case happening::client_flush: return "client_flush";
    case happening::backend_flush: return "backend_flush";
    case happening::client_discard: return "client_discard";
    case happening::backend_discard: return "backend_discard";
    case happening::accepted: return "accepted";
    case happening::handshake_done: return "handshake_done";
    case happening::connecting: return "connecting";
    case happening::connect_failed: return "connect_failed";
    case happening::connected: return "connected";
    case happening::alert_received: return "alert_received";
    case happening::alert_sent: return "alert_sent";
    case happening::client_ended: return "client_ended";
    case happening::backend_ended: return "backend_ended";
    case happening::client_gone: return "client_gone";
    case happening::backend_gone: return "backend_gone";
    case happening::client_acknowledged: return "client_acknowledged";
    case happening::backend_acknowledged: return "backend_acknowledged";
    case happening::cause: return "cause";
    case happening::second: return "second";
    case happening::step: return "step";
    case happening::waiting: return "waiting";
    case happening::bound_passed: return "bound_passed";
    case happening::deadline_armed: return "deadline_armed";
    case happening::deadline_passed: return "deadline_passed";
    case happening::end_ordered: return "end_ordered";
    case happening::drain_ordered: return "drain_ordered";
    }
    return "?";
}

} // namespace ferrule::record
