// Bytes that wait for a sink. The only buffer that a session ever owns, and only while it has to.
#pragma once

#include <cstddef>
#include <span>

namespace ferrule::base {

/// A FIFO of bytes. Owns no memory while it is empty. One thread. Throws for a broken promise only.
class byte_queue {
public:
    byte_queue() = default;
    ~byte_queue();
    byte_queue(const byte_queue&) = delete;
    byte_queue& operator=(const byte_queue&) = delete;

    /// Copies `bytes` to the end. False if there is no memory: then nothing was taken.
    [[nodiscard]] bool append(std::span<const std::byte> bytes) noexcept;

    /// All waiting bytes, oldest first; valid until the next call that changes the queue.
    std::span<const std::byte> front() const noexcept { return {memory_ + begin_, size()}; }

    /// Drops the oldest `count` bytes (at most `size()`); the memory is given back with the last
    /// one.
    void consume(std::size_t count);

    /// Drops everything.
    void clear() noexcept;

    std::size_t size() const noexcept { return end_ - begin_; }
    bool empty() const noexcept { return begin_ == end_; }

private:
    std::byte* memory_ = nullptr;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

} // namespace ferrule::base
