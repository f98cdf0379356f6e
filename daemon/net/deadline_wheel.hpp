// All deadlines of a worker. Setting one is a store; nothing is ever cancelled.
//
// A hashed wheel of 4096 slots of 10 ms. A deadline that is moved later stays in its slot and is
// put further when the wheel comes by; only one that is moved earlier changes its slot. So a
// session that makes progress pays a store for its idle bound, and one that waits for long is
// touched every 40 s.
#pragma once

#include "base/time.hpp"
#include "net/wakeable.hpp"

#include <boost/intrusive/list.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace ferrule::net {

/// One point in time at which its owner is woken. Belongs to one wheel; leaves it when destroyed.
class deadline {
public:
    explicit deadline(wakeable& owner) noexcept : owner_{owner} {}
    deadline(const deadline&) = delete;
    deadline& operator=(const deadline&) = delete;

    base::time_point when() const noexcept { return when_; }

private:
    friend class deadline_wheel;
    using hook = boost::intrusive::list_member_hook<
        boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

    hook hook_;
    std::uint64_t slot_tick_ = 0; ///< the tick of the slot that it stands in
    base::time_point when_ = base::time_point::max();
    wakeable& owner_;
};

class deadline_wheel {
public:
    static constexpr base::milliseconds tick{10};

    /// `now`: the present, as given to `advance` later.
    deadline_wheel(base::time_point now, ready_queue& queue);

    /// Wakes the owner at `when` or up to one tick later; time_point::max() means never.
    void set(deadline& which, base::time_point when) noexcept;

    /// Wakes the owners of all deadlines that have passed at `now`; each is then set to never.
    void advance(base::time_point now) noexcept;

    /// When `advance` has something to do next; nullopt if nothing is set.
    std::optional<base::time_point> next() const noexcept;

private:
    static constexpr std::size_t slot_count = 4096;
    static constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();
    using slot = boost::intrusive::list<
        deadline, boost::intrusive::member_hook<deadline, deadline::hook, &deadline::hook_>,
        boost::intrusive::constant_time_size<false>>;

    std::uint64_t tick_of(base::time_point when) const noexcept;
    void place(deadline& which, std::uint64_t tick) noexcept;
    std::uint64_t first_occupied() const noexcept;

    std::vector<slot> slots_;
    std::array<std::uint64_t, slot_count / 64> occupied_{}; ///< may say yes for an emptied slot
    base::time_point start_;
    std::uint64_t now_tick_ = 0;
    std::uint64_t first_tick_ = none; ///< no slot before it is occupied
    ready_queue& queue_;
};

} // namespace ferrule::net
