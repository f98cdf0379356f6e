#include "yaml/plain_text.hpp"

#include <gtest/gtest.h>

namespace ferrule::yaml {

namespace {

using std::string_literals::operator""s;

TEST(text, may_hold_tabs_line_ends_and_any_letter)
{
    EXPECT_FALSE(find_flaw(""));
    EXPECT_FALSE(find_flaw("a\tb\nc\r\n"));
    EXPECT_FALSE(find_flaw("\xef\xbb\xbf\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf"));
}

TEST(text, is_not_what_holds_control_characters)
{
    EXPECT_EQ(find_flaw("ab\0c"s)->offset, 2u);
    EXPECT_EQ(find_flaw("ab\x04"s)->message, "the control character 0x04");
    EXPECT_EQ(find_flaw("\x1b[0m")->offset, 0u);
    EXPECT_EQ(find_flaw("a\x7f")->offset, 1u);
    EXPECT_EQ(find_flaw("a\rb")->offset, 1u);
    EXPECT_EQ(find_flaw("a\r")->offset, 1u);
}

TEST(text, is_not_what_is_not_utf8)
{
    for (const std::string bytes :
         {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x80\x80", "\xe2\x82",
          "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff\xfe",
          "\xe2(\xa1", "\xef", "\xef\xbf", "\xef\xbf(", "\xefok"}) {
        const auto flaw = find_flaw("ok" + bytes);
        ASSERT_TRUE(flaw);
        EXPECT_EQ(flaw->offset, 2u);
    }
}

TEST(quotations, are_short_and_printable)
{
    EXPECT_EQ(in_quotes("value"), "'value'");
    EXPECT_EQ(in_quotes("a\nb\x1b"), "'a?b?'");
    EXPECT_EQ(in_quotes(std::string(1000, 'x')), "'" + std::string(48, 'x') + "...'");
}

TEST(quotations, are_not_cut_within_a_letter)
{
    std::string value(47, 'x');
    value += "\xe2\x82\xac\xe2\x82\xac";
    EXPECT_EQ(in_quotes(value), "'" + std::string(47, 'x') + "...'");
}

TEST(quotations, never_show_pem_text)
{
    EXPECT_EQ(in_quotes("x -----BEGIN PRIVATE KEY-----\nc2VjcmV0"), "(PEM text)");
}

} // namespace
} // namespace ferrule::yaml
