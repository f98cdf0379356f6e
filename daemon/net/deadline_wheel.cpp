#include "net/deadline_wheel.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <ratio>

namespace ferrule::net {

namespace {

using ticks = std::chrono::duration<std::int64_t, std::ratio<1, 100>>;
static_assert(ticks{1} == deadline_wheel::tick);

} // namespace

deadline_wheel::deadline_wheel(base::time_point now, ready_queue& queue)
    : slots_(slot_count), start_{now}, queue_{queue}
{
}

std::uint64_t deadline_wheel::tick_of(base::time_point when) const noexcept
{
    if (when <= start_)
        return 0;
    // Rounded up: never too early.
    return static_cast<std::uint64_t>(std::chrono::ceil<ticks>(when - start_).count());
}

void deadline_wheel::place(deadline& which, std::uint64_t tick_wanted) noexcept
{
    // The slot under the hand is being emptied; the furthest slot is one round away.
    const std::uint64_t at = std::clamp(tick_wanted, now_tick_ + 1, now_tick_ + slot_count - 1);
    which.slot_tick_ = at;
    const std::size_t index = at % slot_count;
    slots_[index].push_back(which);
    occupied_[index / 64] |= std::uint64_t{1} << (index % 64);
    first_tick_ = std::min(first_tick_, at);
}

void deadline_wheel::set(deadline& which, base::time_point when) noexcept
{
    which.when_ = when;
    if (when == base::time_point::max())
        return; // if it stands in a slot, the wheel drops it when it comes by
    const std::uint64_t wanted = tick_of(when);
    if (which.hook_.is_linked()) {
        if (which.slot_tick_ <= wanted)
            return;
        which.hook_.unlink();
    }
    place(which, wanted);
}

void deadline_wheel::advance(base::time_point now) noexcept
{
    if (now <= start_)
        return;
    const auto target = static_cast<std::uint64_t>(std::chrono::floor<ticks>(now - start_).count());
    if (target <= now_tick_)
        return;
    if (target < first_tick_) {
        now_tick_ = target;
        return;
    }
    first_tick_ = none; // until the slots behind have been passed
    // After a long sleep one round covers every slot.
    std::uint64_t at = target - now_tick_ > slot_count ? target - slot_count : now_tick_;
    while (at < target) {
        ++at;
        now_tick_ = at;
        const std::size_t index = at % slot_count;
        const std::uint64_t bit = std::uint64_t{1} << (index % 64);
        if ((occupied_[index / 64] & bit) == 0)
            continue;
        occupied_[index / 64] &= ~bit;
        slot passing;
        passing.swap(slots_[index]);
        while (!passing.empty()) {
            deadline& which = passing.front();
            passing.pop_front();
            if (which.when_ == base::time_point::max())
                continue;
            if (const std::uint64_t wanted = tick_of(which.when_); wanted > target) {
                place(which, wanted);
                continue;
            }
            which.when_ = base::time_point::max();
            queue_.push(which.owner_);
        }
    }
    first_tick_ = first_occupied();
}

std::optional<base::time_point> deadline_wheel::next() const noexcept
{
    return first_tick_ == none ? std::nullopt : std::optional{start_ + tick * first_tick_};
}

/// The first slot that may hold something.
std::uint64_t deadline_wheel::first_occupied() const noexcept
{
    for (std::uint64_t ahead = 1; ahead < slot_count;) {
        const std::size_t index = (now_tick_ + ahead) % slot_count;
        const std::uint64_t word = occupied_[index / 64] >> (index % 64);
        if (word != 0)
            return now_tick_ + ahead + static_cast<std::uint64_t>(std::countr_zero(word));
        ahead += 64 - index % 64;
    }
    return none;
}

} // namespace ferrule::net
