#include "log/record_ring.hpp"

#include "log/doorbell.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace ferrule::log {
namespace {

record::ended_session numbered(std::uint64_t id)
{
    record::ended_session ended;
    ended.session_id = id;
    return ended;
}

TEST(record_ring, it_gives_back_what_it_got_in_order)
{
    record_ring ring;
    EXPECT_TRUE(ring.is_empty());
    EXPECT_EQ(ring.front(), nullptr);
    for (std::uint64_t id = 1; id <= 3; ++id)
        EXPECT_TRUE(ring.push(numbered(id)));
    for (std::uint64_t id = 1; id <= 3; ++id) {
        ASSERT_NE(ring.front(), nullptr);
        EXPECT_EQ(ring.front()->session.session_id, id);
        ring.pop();
    }
    EXPECT_TRUE(ring.is_empty());
}

TEST(record_ring, a_full_one_takes_no_more_until_there_is_room)
{
    record_ring ring;
    for (std::uint64_t id = 0; id < record_ring::capacity; ++id)
        ASSERT_TRUE(ring.push(numbered(id)));
    EXPECT_FALSE(ring.push(numbered(9999)));
    ring.pop();
    EXPECT_TRUE(ring.push(numbered(record_ring::capacity)));
    EXPECT_FALSE(ring.push(numbered(9999)));
    for (std::uint64_t id = 1; id <= record_ring::capacity; ++id) {
        ASSERT_NE(ring.front(), nullptr);
        EXPECT_EQ(ring.front()->session.session_id, id);
        ring.pop();
    }
    EXPECT_TRUE(ring.is_empty());
}

/// A recording of as many events as its session's number says.
record::recorder numbered_recording(std::uint64_t id)
{
    record::recorder events{static_cast<std::uint32_t>(id)};
    for (std::uint64_t i = 0; i < id; ++i)
        events.add(base::microseconds{0}, record::happening::accepted);
    return events;
}

TEST(record_ring, a_recording_goes_with_its_session)
{
    record_ring ring;
    ASSERT_TRUE(ring.push(numbered(0)));
    ASSERT_TRUE(ring.push(numbered(3), true, numbered_recording(3)));
    EXPECT_EQ(ring.front()->recording.size(), 0u);
    ring.pop();
    EXPECT_EQ(ring.front()->session.session_id, 3u);
    EXPECT_EQ(ring.front()->recording.size(), 3u);
    ring.pop();
}

TEST(record_ring, what_nobody_has_taken_is_freed)
{
    // For AddressSanitizer: in a full ring, in a refused push, in a slot that is used again.
    record_ring ring;
    for (int round = 0; round < 3; ++round) {
        while (ring.push(numbered(2), true, numbered_recording(2))) {
        }
        for (int i = 0; i < 10; ++i)
            ring.pop();
    }
}

TEST(record_ring, two_threads_that_sleep_and_ring_miss_nothing)
{
    constexpr std::uint64_t count = 50'000;
    record_ring ring;
    doorbell has_work;
    std::thread pusher([&] {
        for (std::uint64_t id = 1; id <= count;) {
            if (ring.push(numbered(id))) {
                has_work.ring();
                ++id;
            } else {
                std::this_thread::yield();
            }
        }
    });
    std::uint64_t expected = 1;
    while (expected <= count) {
        if (const handed_over* ended = ring.front()) {
            ASSERT_EQ(ended->session.session_id, expected);
            ring.pop();
            ++expected;
        } else {
            has_work.sleep_unless([&] { return !ring.is_empty(); });
        }
    }
    pusher.join();
    EXPECT_TRUE(ring.is_empty());
}

} // namespace
} // namespace ferrule::log
