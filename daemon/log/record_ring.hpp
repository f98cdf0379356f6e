// The way of a session's record from its worker to the log's writer.
#pragma once

#include "record/ended_session.hpp"
#include "record/recorder.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

namespace ferrule::log {

/// What a worker hands over. A session without a line in the log still goes to the status page.
struct handed_over {
    record::ended_session session;
    bool is_logged = true;
    record::recorder recording; ///< empty unless it goes to the log
};

/// A queue of fixed size between one thread that pushes and one that pops, without a lock. The
/// memory of the records (about half a megabyte) is only reserved: pages become real as they are
/// used.
class record_ring {
public:
    static constexpr std::uint32_t capacity = 1024;

    record_ring() : slots_{std::allocator<handed_over>{}.allocate(capacity)} {}
    ~record_ring()
    {
        while (!is_empty())
            pop();
        std::allocator<handed_over>{}.deallocate(slots_, capacity);
    }
    record_ring(const record_ring&) = delete;
    record_ring& operator=(const record_ring&) = delete;

    /// Copies the record in and takes the recording over; false if there is no room. The pushing
    /// thread.
    bool push(const record::ended_session& ended, bool is_logged = true,
              record::recorder recording = {}) noexcept
    {
        const std::uint32_t head = head_.load(std::memory_order_relaxed);
        // The other side's index is only looked at when the old look does not suffice any more: it
        // is on a cache line that the other side writes.
        if (head - seen_tail_ == capacity) {
            seen_tail_ = tail_.load(std::memory_order_acquire);
            if (head - seen_tail_ == capacity)
                return false;
        }
        std::construct_at(slots_ + head % capacity,
                          handed_over{ended, is_logged, std::move(recording)});
        // Not just release: whoever pushes looks next at whether the writer sleeps, and the writer
        // before it sleeps at whether something was pushed. One order of all four makes sure that
        // one of the two sees the other.
        head_.store(head + 1, std::memory_order_seq_cst);
        return true;
    }

    /// The oldest record, or null. Valid until pop(). The popping thread.
    const handed_over* front() const noexcept
    {
        return is_empty() ? nullptr : slots_ + tail_.load(std::memory_order_relaxed) % capacity;
    }

    void pop() noexcept
    {
        std::destroy_at(slots_ + tail_.load(std::memory_order_relaxed) % capacity);
        tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    }

    bool is_empty() const noexcept
    {
        return head_.load(std::memory_order_seq_cst) == tail_.load(std::memory_order_relaxed);
    }

private:
    static_assert(std::is_trivially_copyable_v<record::ended_session>);
    static_assert((capacity & (capacity - 1)) == 0, "indices run over");

    handed_over* const slots_;
    alignas(64) std::atomic<std::uint32_t> head_{0}; ///< the pushing thread's, with seen_tail_
    std::uint32_t seen_tail_ = 0;
    alignas(64) std::atomic<std::uint32_t> tail_{0}; ///< the popping thread's
};

} // namespace ferrule::log
