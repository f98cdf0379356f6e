// The main thread's loop as the parts of the process see it: the time, and what is done later.
//
// A part that is given one can be tried without a thread, a socket or a clock.
#pragma once

#include "base/time.hpp"

#include <functional>
#include <memory>

namespace ferrule::process {

/// One thing that is done later. Main thread only; its loop must outlive it.
class timer {
public:
    virtual ~timer() = default;

    /// Calls `act` on the main thread after `how_long`, unless it is set anew, cancelled or
    /// destroyed before. `trying` is what it does, in the words of log::attempt, which guards it;
    /// it is kept as a pointer.
    virtual void set(base::milliseconds how_long, const char* trying,
                     std::function<void()> act) = 0;

    virtual void cancel() = 0;
};

class main_loop {
public:
    virtual ~main_loop() = default;

    /// Of the clock that never jumps.
    virtual base::time_point now() const = 0;

    /// Of the calendar: Unix time.
    virtual double unix_seconds() const = 0;

    /// Calls `act` soon, on the main thread, guarded as a timer's. From any thread. Throws
    /// std::bad_alloc.
    virtual void post(const char* trying, std::function<void()> act) = 0;

    /// Not set yet.
    virtual std::unique_ptr<timer> make_timer() = 0;
};

} // namespace ferrule::process
