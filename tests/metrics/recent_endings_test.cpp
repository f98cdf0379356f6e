#include "metrics/recent_endings.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace ferrule::metrics {
namespace {

record::ended_session numbered(std::uint64_t id)
{
    record::ended_session ended;
    ended.session_id = id;
    return ended;
}

TEST(recent_endings, begin_empty)
{
    EXPECT_TRUE(recent_endings{}.newest_first().empty());
}

TEST(recent_endings, come_with_the_newest_first)
{
    recent_endings endings;
    for (std::uint64_t id = 1; id <= 3; ++id)
        endings.note(numbered(id));
    const auto found = endings.newest_first();
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found[0].session_id, 3u);
    EXPECT_EQ(found[2].session_id, 1u);
}

TEST(recent_endings, forget_the_oldest_when_there_are_too_many)
{
    recent_endings endings;
    const std::uint64_t count = 3 * recent_endings::capacity + 7;
    for (std::uint64_t id = 1; id <= count; ++id)
        endings.note(numbered(id));
    const auto found = endings.newest_first();
    ASSERT_EQ(found.size(), recent_endings::capacity);
    for (std::size_t age = 0; age < found.size(); ++age)
        EXPECT_EQ(found[age].session_id, count - age);
}

TEST(recent_endings, can_be_read_while_they_are_noted)
{
    recent_endings endings;
    std::thread noting([&] {
        for (std::uint64_t id = 1; id <= 20'000; ++id)
            endings.note(numbered(id));
    });
    for (int look = 0; look < 200; ++look) {
        const auto found = endings.newest_first();
        for (std::size_t age = 1; age < found.size(); ++age)
            ASSERT_EQ(found[age].session_id + 1, found[age - 1].session_id);
    }
    noting.join();
}

} // namespace
} // namespace ferrule::metrics
