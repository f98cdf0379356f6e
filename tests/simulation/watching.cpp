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

/// What there is to see after a turn of the session.
void theatre::look()
{
    const endpoint& from_client = kernel_.at(accepted_);
    if (from_client.read >= client_->goodbye_at())
        seen_.goodbye_read = std::min(seen_.goodbye_read, kernel_.now);
    if (from_client.read > 0 && from_client.read >= client_->spoiled_at())
        seen_.spoiled_read = std::min(seen_.spoiled_read, kernel_.now);
    if (seen_.handshake_bytes == 0 && counters.handshakes[0].get() > 0)
        seen_.handshake_bytes = from_client.written;
    if (is_over()) {
        seen_.over = kernel_.now;
        return;
    }
    const session::state state = current_->how_far();
    const bool backlog = has_backlog();
    if (state == session::state::closing)
        seen_.closing_since = std::min(seen_.closing_since, kernel_.now);
    if (state != last_state_ || backlog != backlog_ || kernel_.last_movement > quiet_since_ ||
        from_client.closed_at == kernel_.now ||
        (!backends_.empty() && proxy_backend()->closed_at == kernel_.now))
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
    else if (last_state_ == session::state::half_closed)
        longest = &seen_.longest_half_silence;
    else if (last_state_ == session::state::closing)
        longest = &seen_.longest_closing_silence;
    *longest = std::max(*longest, silence);
}

} // namespace ferrule::simulation
