#include "base/byte_queue.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using ferrule::base::byte_queue;

std::span<const std::byte> bytes_of(std::string_view text)
{
    return std::as_bytes(std::span{text.data(), text.size()});
}

std::string text_of(const byte_queue& queue)
{
    const auto front = queue.front();
    return {reinterpret_cast<const char*>(front.data()), front.size()};
}

TEST(byte_queue, begins_empty)
{
    const byte_queue queue;
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(0U, queue.size());
    EXPECT_TRUE(queue.front().empty());
}

TEST(byte_queue, gives_bytes_back_in_their_order)
{
    byte_queue queue;
    ASSERT_TRUE(queue.append(bytes_of("first ")));
    ASSERT_TRUE(queue.append(bytes_of("second")));
    EXPECT_EQ("first second", text_of(queue));
    EXPECT_EQ(12U, queue.size());
    EXPECT_FALSE(queue.empty());
}

TEST(byte_queue, drops_the_oldest_bytes_first)
{
    byte_queue queue;
    ASSERT_TRUE(queue.append(bytes_of("abcdef")));
    queue.consume(2);
    EXPECT_EQ("cdef", text_of(queue));
    queue.consume(0);
    EXPECT_EQ("cdef", text_of(queue));
    ASSERT_TRUE(queue.append(bytes_of("ghijklmn")));
    EXPECT_EQ("cdefghijklmn", text_of(queue));
}

TEST(byte_queue, owns_no_memory_once_it_is_empty)
{
    byte_queue queue;
    ASSERT_TRUE(queue.append(bytes_of("abc")));
    queue.consume(3);
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(nullptr, queue.front().data());

    ASSERT_TRUE(queue.append(bytes_of("abc")));
    queue.clear();
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(nullptr, queue.front().data());

    ASSERT_TRUE(queue.append(bytes_of("again")));
    EXPECT_EQ("again", text_of(queue));
}

TEST(byte_queue, takes_nothing_from_nothing)
{
    byte_queue queue;
    ASSERT_TRUE(queue.append({}));
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(nullptr, queue.front().data());
    queue.consume(0);
    queue.clear();
    EXPECT_TRUE(queue.empty());
}

TEST(byte_queue, takes_nothing_if_there_is_no_memory)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer's allocator ends the process instead";
#endif
    byte_queue queue;
    ASSERT_TRUE(queue.append(bytes_of("abc")));
    queue.consume(1);
    // Larger than any address space: the allocation is refused before a byte is looked at.
    const std::span<const std::byte> endless{queue.front().data(), std::size_t{1} << 62};
    EXPECT_FALSE(queue.append(endless));
    EXPECT_EQ("bc", text_of(queue));
    ASSERT_TRUE(queue.append(bytes_of("d")));
    EXPECT_EQ("bcd", text_of(queue));
}

TEST(byte_queue, does_as_a_deque_does_in_ten_thousand_random_steps)
{
    std::mt19937 random{20260102};
    byte_queue queue;
    std::deque<std::byte> model;
    for (int step = 0; step < 10'000; ++step) {
        if (random() % 2 == 0) {
            std::vector<std::byte> more(random() % 300);
            for (std::byte& each : more)
                each = static_cast<std::byte>(random());
            ASSERT_TRUE(queue.append(more));
            model.insert(model.end(), more.begin(), more.end());
        } else {
            const std::size_t count = model.empty() ? 0 : random() % (model.size() + 1);
            queue.consume(count);
            model.erase(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(count));
        }
        const auto front = queue.front();
        ASSERT_TRUE(std::equal(front.begin(), front.end(), model.begin(), model.end()))
            << "after step " << step;
        ASSERT_EQ(model.empty(), queue.empty());
    }
}

TEST(byte_queue_death, more_is_never_consumed_than_there_is)
{
    byte_queue queue;
    ASSERT_TRUE(queue.append(bytes_of("abc")));
    EXPECT_DEATH(queue.consume(4), "no more is consumed than there is");
}

} // namespace
