// Ends of the proxy's own making: orders from outside, and bounds that have passed.
#pragma once

#include "base/time.hpp"
#include "ending/vocabulary.hpp"

namespace ferrule::session {

struct state;

class own_ends {
public:
    /// `shared` must outlive it.
    explicit own_ends(state& shared) noexcept : state_{shared} {}

    /// The next turn ends the session, told as `on_proxy_end` says; the first order counts.
    void order(ending::cause why) noexcept;

    /// The same without waiting for anything: both sides are reset.
    void order_at_once(ending::cause why) noexcept;

    /// A drain: see session::drain.
    void drain(base::time_point ask_at, base::time_point cut_at) noexcept;

    /// What has happened counts before the time that has passed: bytes, an end or an
    /// acknowledgement that come in the turn in which a bound passes have come in time, however
    /// late the turn is. True if a bound is due that a last look may still put off.
    bool is_due() const noexcept;

    /// Takes orders and the time that has passed. One order for the whole life: what was ordered,
    /// then whichever time came first.
    void take();

private:
    void take_ends();
    void take_questions();
    void end(ending::cause why);
    void patience_is_over();
    void ask_whether_quiet();

    state& state_;
    ending::cause ordered_ = ending::cause::none;
    bool is_at_once_ = false;
};

} // namespace ferrule::session
