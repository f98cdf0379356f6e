#include "base/short_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using ferrule::base::short_text;

TEST(short_text, begins_empty)
{
    const short_text<8> text;
    EXPECT_TRUE(text.empty());
    EXPECT_EQ("", text.view());
}

TEST(short_text, keeps_what_fits)
{
    EXPECT_EQ("TLSv1.3", short_text<8>{"TLSv1.3"}.view());
    EXPECT_EQ("12345678", short_text<8>{"12345678"}.view());
}

TEST(short_text, cuts_what_does_not_fit)
{
    EXPECT_EQ("12345678", short_text<8>{"123456789"}.view());
    EXPECT_EQ(255U, short_text<255>{std::string(256, 'x')}.view().size());
    EXPECT_EQ(128U, short_text<128>{std::string(100'000, 'x')}.view().size());
}

TEST(short_text, forgets_what_it_held_before)
{
    short_text<16> text{"a longer text"};
    text = "short";
    EXPECT_EQ("short", text.view());
    text = std::string_view{};
    EXPECT_TRUE(text.empty());
}

TEST(short_text, keeps_bytes_that_are_not_text)
{
    const std::string bytes{"\0\xFF\n", 3};
    EXPECT_EQ(bytes, short_text<8>{bytes}.view());
}

TEST(short_text, is_copied_as_a_value)
{
    short_text<8> text{"one"};
    const short_text<8> copy = text;
    text = "two";
    EXPECT_EQ("one", copy.view());
}

} // namespace
