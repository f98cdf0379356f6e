// What moved, when, and who spoke last: what silence and quiet are measured by.
#pragma once

#include "base/time.hpp"
#include "session/peer.hpp"

#include <array>
#include <cstdint>

namespace ferrule::session {

struct state;

/// Every byte of both sockets, either way: ciphertext that is no plaintext yet counts as well.
class activity {
public:
    /// The session begins.
    void begin(base::time_point now) noexcept { last_moved_at_ = now; }

    /// Looks at what recv(2) and send(2) have moved. True if that is more than before.
    bool meter(const std::array<peer, 2>& peers, base::time_point now) noexcept;

    /// Bytes that were received only to be thrown away: they are no progress.
    void discarded(std::uint64_t count) noexcept
    {
        discarded_ += count;
        moved_ += count;
    }
    std::uint64_t discarded() const noexcept { return discarded_; }

    /// `who` has said something: the other one may owe it an answer.
    void spoke(ending::side who) noexcept { owes_answer_ = who == ending::side::client; }

    base::time_point last_moved_at() const noexcept { return last_moved_at_; }
    bool owes_answer() const noexcept { return owes_answer_; }

private:
    std::uint64_t moved_ = 0;
    std::uint64_t discarded_ = 0;
    base::time_point last_moved_at_{};
    bool owes_answer_ = false; ///< the last bytes to move went to the backend
};

/// Whether the backend may be asked to end without cutting anything short (docs/endings.md, E8):
/// nothing is under way on either side, and no answer is owed. `was_idle`: the silence was long
/// enough to end the session, whoever spoke last.
bool is_quiet(state& now, bool was_idle);

/// Bytes of a source that still counts wait in the kernel, whatever the events have said: after a
/// stall of the process they come late.
bool has_unread(state& now);

} // namespace ferrule::session
