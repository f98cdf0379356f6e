// A worker's rounds: events set bits and wake, deadlines wake, each that is awake has one turn.
#pragma once

#include "session/surroundings.hpp"
#include "worker/attendance.hpp"

namespace ferrule::worker {

/// One thread: the worker's.
class rounds {
public:
    /// Throws std::system_error.
    rounds();

    /// What sessions find around them.
    session::surroundings& around() noexcept { return around_; }

    /// Waits until there is something to do, and does it.
    void next();

    /// Gives each that is awake one turn, without a look at what has happened meanwhile. False if
    /// none was.
    bool run_awake();

private:
    base::milliseconds time_to_wait(base::time_point now) const noexcept;
    bool is_deadline_due(base::time_point now) const noexcept;

    net::ready_queue ready_;
    net::event_set events_{ready_};
    net::deadline_wheel wheel_;
    session::surroundings around_{events_, ready_, wheel_};
    attendance attendance_;
};

} // namespace ferrule::worker
