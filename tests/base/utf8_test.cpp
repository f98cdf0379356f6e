#include "base/utf8.hpp"

#include <gtest/gtest.h>

namespace ferrule::base {
namespace {

const std::string replacement = "\xEF\xBF\xBD";

TEST(utf8, good_text_stays_as_it_is)
{
    EXPECT_EQ(valid_utf8(""), "");
    EXPECT_EQ(valid_utf8("example.org"), "example.org");
    EXPECT_EQ(valid_utf8("Z\u00fcrich \u20ac \U0001F512"), "Z\u00fcrich \u20ac \U0001F512");
}

TEST(utf8, each_byte_of_a_bad_sequence_is_replaced)
{
    EXPECT_EQ(valid_utf8("a\xFFz"), "a" + replacement + "z");
    EXPECT_EQ(valid_utf8("Z\xFCrich"), "Z" + replacement + "rich") << "Latin-1";
    EXPECT_EQ(valid_utf8("\xC0\xAF"), replacement + replacement) << "overlong";
    EXPECT_EQ(valid_utf8("\xED\xA0\x80"), replacement + replacement + replacement) << "surrogate";
    EXPECT_EQ(valid_utf8("\x80"), replacement) << "continuation of nothing";
}

TEST(utf8, a_sequence_that_the_end_cuts_is_replaced)
{
    EXPECT_EQ(valid_utf8("x\xE2\x82"), "x" + replacement + replacement);
}

TEST(utf8, what_follows_a_bad_byte_is_kept)
{
    EXPECT_EQ(valid_utf8("\xE2\x82\u20ac"), replacement + replacement + "\u20ac");
}

TEST(utf8, a_zero_byte_is_a_character_like_others)
{
    const std::string text{"a\0b", 3};
    EXPECT_EQ(valid_utf8(text), text);
}

} // namespace
} // namespace ferrule::base
