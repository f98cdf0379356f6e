#include "base/byte_queue.hpp"

#include "base/check.hpp"

#include <cstdlib>
#include <cstring>

namespace ferrule::base {

byte_queue::~byte_queue()
{
    std::free(memory_);
}

bool byte_queue::append(std::span<const std::byte> bytes) noexcept
{
    if (bytes.empty())
        return true;
    if (end_ + bytes.size() > capacity_ && begin_ > 0) {
        std::memmove(memory_, memory_ + begin_, size());
        end_ -= begin_;
        begin_ = 0;
    }
    if (end_ + bytes.size() > capacity_) {
        void* larger = std::realloc(memory_, end_ + bytes.size());
        if (larger == nullptr)
            return false;
        memory_ = static_cast<std::byte*>(larger);
        capacity_ = end_ + bytes.size();
    }
    std::memcpy(memory_ + end_, bytes.data(), bytes.size());
    end_ += bytes.size();
    return true;
}

void byte_queue::consume(std::size_t count)
{
    CHECK(count <= size(), "no more is consumed than there is");
    begin_ += count;
    if (begin_ == end_)
        clear();
}

void byte_queue::clear() noexcept
{
    std::free(memory_);
    memory_ = nullptr;
    capacity_ = begin_ = end_ = 0;
}

} // namespace ferrule::base
