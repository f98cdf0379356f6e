// What the simulation sees of a session after each of its turns, and between them.
#include "simulation/theatre.hpp"

#include <algorithm>
#include <chrono>

namespace ferrule::simulation {

bool theatre::has_backlog()
{
    endpoint& to_client = kernel_.at(accepted_);
    endpoint* to_backend = proxy_backend();
    const auto waits = [](const endpoint& of) {
        return !of.closed && of.state == link_state::established &&
               (of.written > of.acknowledged || (of.fin_queued && !of.fin_acknowledged));
    };
    return waits(to_client) || (to_backend != nullptr && waits(*to_backend));
}

/// A session ticket that nobody has acknowledged is no data.
bool theatre::has_data_waiting()
{
    const auto waits = [](const endpoint& of) {
        return !of.closed && of.state == link_state::established && of.written > of.acknowledged;
    };
    const endpoint& to_client = kernel_.at(accepted_);
    const endpoint* to_backend = proxy_backend();
    return (waits(to_client) && to_client.written > seen_.handshake_bytes) ||
           (to_backend != nullptr && waits(*to_backend));
}

/// Both flows run, and for a second nothing has moved.
bool theatre::is_silent()
{
    const endpoint* to_backend = proxy_backend();
    const auto rests = [](const endpoint& of) {
        return of.state == link_state::established && !of.fin_arrived && !of.fin_queued &&
               of.received.empty() && of.error == 0 && of.written == of.acknowledged;
    };
    return current_->how_far() == record::state::relaying && to_backend != nullptr &&
           rests(*to_backend) && rests(kernel_.at(accepted_)) && kernel_.now >= frozen_until_ &&
           kernel_.now - kernel_.last_movement > std::chrono::seconds{1};
}

theatre::before theatre::look_before()
{
    const endpoint* to_backend = proxy_backend();
    const endpoint& to_client = kernel_.at(accepted_);
    return {to_client.read, to_client.written, to_backend == nullptr ? 0 : to_backend->read,
            to_backend == nullptr ? 0 : to_backend->written, has_data_waiting()};
}

void theatre::look_at_end(const before& was)
{
    const endpoint& to_client = kernel_.at(accepted_);
    const endpoint* to_backend = proxy_backend();
    seen_.ended = kernel_.now;
    seen_.last_wire_before_end = seen_.last_wire;
    seen_.had_backlog_before_end = was.data_waits;
    seen_.had_backlog_at_end = has_data_waiting();
    seen_.had_unread_at_end =
        !to_client.received.empty() || (to_backend != nullptr && !to_backend->received.empty());
}

void theatre::look_at_wire(const before& was)
{
    const before is = look_before();
    if (is.from_client != was.from_client || is.to_client != was.to_client ||
        is.from_backend != was.from_backend || is.to_backend != was.to_backend)
        seen_.last_wire = kernel_.now;
}

void theatre::look_at_goodbyes(const before& was)
{
    const endpoint& to_client = kernel_.at(accepted_);
    const endpoint* to_backend = proxy_backend();
    if (client_->has_sent_data(was.from_client, to_client.read) ||
        (to_backend != nullptr &&
         (to_backend->read > was.from_backend || to_backend->written > was.to_backend)))
        seen_.last_data = kernel_.now;
    const auto note = [&](goodbye& what, const endpoint& of) {
        if (of.fin_queued_at == kernel_.now && !what.was_said)
            what = {true, seen_.last_data, was.data_waits};
    };
    note(seen_.to_client, to_client);
    if (to_backend != nullptr)
        note(seen_.to_backend, *to_backend);
}

/// What there is to see after a turn of the session.
void theatre::look(const before& was)
{
    look_at_goodbyes(was);
    const endpoint& from_client = kernel_.at(accepted_);
    if (from_client.read >= client_->goodbye_at())
        seen_.goodbye_read = std::min(seen_.goodbye_read, kernel_.now);
    if (from_client.read > 0 && from_client.read >= client_->spoiled_at())
        seen_.spoiled_read = std::min(seen_.spoiled_read, kernel_.now);
    if (from_client.read >= client_->begun_at())
        seen_.begun_read = std::min(seen_.begun_read, kernel_.now);
    if (seen_.handshake_bytes == 0 && counters.handshakes[0].get() > 0)
        seen_.handshake_bytes = from_client.written;
    if (is_over()) {
        seen_.over = kernel_.now;
        return;
    }
    const record::state state = current_->how_far();
    const bool backlog = has_backlog();
    if (state == record::state::closing)
        seen_.closing_since = std::min(seen_.closing_since, kernel_.now);
    const endpoint* to_backend = proxy_backend();
    // A side that is gone is read out, with a bound of its own.
    const bool has_lost_one =
        from_client.first_reset_seen == kernel_.now ||
        (to_backend != nullptr && to_backend->first_reset_seen == kernel_.now);
    if (has_lost_one || state != last_state_ || backlog != backlog_ ||
        kernel_.last_movement > quiet_since_ || from_client.closed_at == kernel_.now ||
        (to_backend != nullptr && to_backend->closed_at == kernel_.now))
        quiet_since_ = kernel_.now;
    last_state_ = state;
    backlog_ = backlog;
}

void theatre::measure_silence(time_point until)
{
    if (kernel_.last_movement > quiet_since_)
        quiet_since_ = kernel_.last_movement;
    const auto silence = std::chrono::duration_cast<base::microseconds>(until - quiet_since_);
    base::microseconds* longest = &seen_.longest_silence;
    if (has_ended_ && backlog_)
        longest = &seen_.longest_drain_silence;
    else if (last_state_ == record::state::half_closed)
        longest = &seen_.longest_half_silence;
    else if (last_state_ == record::state::closing)
        longest = &seen_.longest_closing_silence;
    *longest = std::max(*longest, silence);
}

} // namespace ferrule::simulation
