// One direction of a session: what can be read, read; what can be handed over, handed over; the
// rest waits.
//
// One read in a turn. A sink that takes no more stops its source: what it has not taken waits in
// its peer's queue, and nothing more is read until the queue is empty.
#pragma once

#include "ending/facts.hpp"
#include "session/peer.hpp"

#include <cstddef>
#include <span>

namespace ferrule::session {

struct state;

class flow {
public:
    /// What `from` sends. `shared` must outlive it.
    flow(state& shared, ending::side from) noexcept : state_{shared}, from_{from} {}

    /// Hands over what waits; then reads once, or reads and throws away what nobody will have.
    void move();

    /// Hands over what waits for the sink, as far as it takes it.
    void flush();

    /// The next `move` would read: no event says so again.
    bool has_more() const { return can_be_read() || can_be_discarded(); }

    /// The last read filled its budget.
    bool is_bulk() const noexcept { return is_bulk_; }

private:
    ending::side to() const noexcept { return ending::other(from_); }
    ending::direction direction() const noexcept;
    bool can_be_read() const;
    bool can_be_discarded() const;
    std::size_t budget() const;
    void read_once();
    void discard();
    void hand_over(std::span<const std::byte> bytes);
    void see_end(const taken& got);

    state& state_;
    ending::side from_;
    bool is_bulk_ = false;
};

} // namespace ferrule::session
