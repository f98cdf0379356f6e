#include "record/recorder.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace ferrule::record {
namespace {

using namespace std::chrono_literals;
using base::microseconds;

std::vector<happening> kinds(const recorder& of)
{
    std::vector<happening> found;
    for (std::size_t i = 0; i < of.size(); ++i)
        found.push_back(of[i].kind());
    return found;
}

TEST(recorder, without_events_it_is_off_and_owns_no_memory)
{
    const recorder off{0};
    EXPECT_FALSE(off.is_on());
    EXPECT_EQ(off.size(), 0u);
    EXPECT_EQ(off.omitted(), 0u);
    EXPECT_TRUE(recorder{1}.is_on());
}

TEST(recorder, it_tells_what_was_added_in_order)
{
    recorder all{4};
    all.add(0us, happening::accepted);
    all.add(1200us, happening::handshake_done);
    all.add(1500us, happening::waiting, 600'000, 3);
    ASSERT_EQ(kinds(all),
              (std::vector{happening::accepted, happening::handshake_done, happening::waiting}));
    EXPECT_EQ(all[1].at, 1200u);
    EXPECT_EQ(all[2].amount, 600'000u);
    EXPECT_EQ(all[2].detail, 3u);
    EXPECT_EQ(all.omitted(), 0u);
}

TEST(recorder, the_newest_replaces_the_oldest)
{
    recorder last{3};
    for (std::uint8_t i = 0; i < 8; ++i)
        last.add(microseconds{i}, happening::step, 0, i);
    ASSERT_EQ(last.size(), 3u);
    EXPECT_EQ(last.omitted(), 5u);
    for (std::uint8_t i = 0; i < 3; ++i)
        EXPECT_EQ(last[i].detail, 5u + i);
}

TEST(recorder, a_transfer_is_one_event_for_each_side_and_kind)
{
    recorder kept{8};
    kept.add(0us, happening::accepted);
    for (int i = 0; i < 1000; ++i) {
        kept.add(microseconds{1000 + i * 100}, happening::backend_read, 100);
        kept.add(microseconds{1001 + i * 100}, happening::client_write, 100);
    }
    ASSERT_EQ(kinds(kept),
              (std::vector{happening::accepted, happening::backend_read, happening::client_write}));
    EXPECT_EQ(kept[1].amount, 100'000u);
    EXPECT_EQ(kept[1].count, 1000u);
    EXPECT_EQ(kept[1].at, 1000u);
    EXPECT_EQ(kept[1].lasted, 99u);
    EXPECT_EQ(kept[2].count, 1000u);
}

TEST(recorder, what_comes_between_divides_a_transfer)
{
    recorder kept{8};
    kept.add(1us, happening::client_read, 5);
    kept.add(2us, happening::client_ended, 0, 2);
    kept.add(3us, happening::client_discard, 7);
    kept.add(4us, happening::client_read, 9);
    EXPECT_EQ(kinds(kept), (std::vector{happening::client_read, happening::client_ended,
                                        happening::client_discard, happening::client_read}));
    EXPECT_EQ(kept[0].amount, 5u);
    EXPECT_EQ(kept[3].amount, 9u);
}

TEST(recorder, a_pause_divides_a_transfer)
{
    recorder kept{8};
    kept.add(0us, happening::client_read, 1);
    kept.add(recorder::pause, happening::client_read, 1); // just not long enough
    kept.add(2 * recorder::pause + 1us, happening::client_read, 1);
    ASSERT_EQ(kept.size(), 2u);
    EXPECT_EQ(kept[0].count, 2u);
    EXPECT_EQ(kept[1].at, 2'000'001u);
}

TEST(recorder, the_other_side_s_bytes_are_no_pause)
{
    recorder kept{8};
    kept.add(0us, happening::client_read, 1);
    kept.add(900ms, happening::backend_read, 1);
    kept.add(1800ms, happening::client_read, 1);
    EXPECT_EQ(kinds(kept), (std::vector{happening::client_read, happening::backend_read}));
}

TEST(recorder, a_ring_of_one_keeps_the_last_event)
{
    recorder last{1};
    last.add(0us, happening::accepted);
    last.add(5us, happening::client_read, 3);
    last.add(6us, happening::client_read, 4);
    ASSERT_EQ(last.size(), 1u);
    EXPECT_EQ(last[0].amount, 7u);
    EXPECT_EQ(last.omitted(), 1u);
}

TEST(recorder, one_that_was_moved_from_is_off)
{
    recorder first{4};
    first.add(0us, happening::accepted);
    recorder second = std::exchange(first, {});
    EXPECT_FALSE(first.is_on());
    EXPECT_EQ(second.size(), 1u);
}

TEST(recorder, every_happening_has_a_word)
{
    for (int i = 0; i <= static_cast<int>(happening::drain_ordered); ++i)
        EXPECT_NE(to_text(static_cast<happening>(i)), "?") << i;
}

} // namespace
} // namespace ferrule::record
