#include "yaml/node.hpp"

#include <gtest/gtest.h>

namespace ferrule::yaml {

namespace {

using kind = node::kind;
using std::string_literals::operator""s;

std::string repeated(const std::string& text, std::size_t times)
{
    std::string result;
    for (std::size_t i = 0; i < times; ++i)
        result += text;
    return result;
}

TEST(documents, keep_texts_as_they_are_written)
{
    const auto document = parse_yaml("a: 010\nb: \"5\"\nc: off\nd: 1.2\n");
    ASSERT_TRUE(document.root);
    std::vector<std::string> values;
    for (const yaml_entry& entry : document.root->entries())
        values.push_back(entry.value.scalar());
    EXPECT_EQ(values, (std::vector<std::string>{"010", "5", "off", "1.2"}));
}

TEST(documents, know_the_place_of_keys_values_and_aliases)
{
    const auto document = parse_yaml("a: &x [1, 2]\nb:\n  - *x\n");
    ASSERT_TRUE(document.root);
    const auto& entries = document.root->entries();
    EXPECT_EQ(entries[0].value.at(), (place{1, 4}));
    EXPECT_EQ(entries[0].value.items()[1].at(), (place{1, 11}));
    EXPECT_EQ(entries[1].key.at(), (place{2, 1}));
    const node& alias = entries[1].value.items()[0];
    EXPECT_EQ(alias.at(), (place{3, 5}));
    EXPECT_TRUE(alias.is_alias());
    EXPECT_EQ(alias.items()[1].scalar(), "2");
}

TEST(documents, keep_repeated_keys)
{
    const auto document = parse_yaml("a: 1\na: 2\n");
    ASSERT_TRUE(document.root);
    EXPECT_EQ(document.root->entries().size(), 2u);
}

TEST(documents, tell_nothing_from_empty_text)
{
    const auto document = parse_yaml("a:\nb: ~\nc: \"\"\n");
    ASSERT_TRUE(document.root);
    EXPECT_EQ(document.root->entries()[0].value.type(), kind::nothing);
    EXPECT_EQ(document.root->entries()[1].value.type(), kind::nothing);
    EXPECT_EQ(document.root->entries()[2].value.type(), kind::scalar);
}

TEST(documents, may_be_empty)
{
    for (const char* text : {"", "\n\n", "# nothing\n"}) {
        const auto document = parse_yaml(text);
        EXPECT_FALSE(document.root) << text;
        EXPECT_FALSE(document.problem) << text;
    }
}

TEST(documents, that_are_not_text_are_refused_at_the_byte)
{
    const auto document = parse_yaml("a: 1\nb: \x04\nlisteners: []\n");
    ASSERT_TRUE(document.problem);
    EXPECT_EQ(document.problem->line, 2);
    EXPECT_EQ(document.problem->column, 4);
    EXPECT_EQ(document.problem->message, "the control character 0x04");
    EXPECT_TRUE(parse_yaml("\xff\xfe"
                           "a\0"s)
                    .problem);
}

TEST(documents, may_begin_with_a_byte_order_mark_and_have_dos_line_ends)
{
    const auto document = parse_yaml("\xef\xbb\xbf"
                                     "a: 1\r\nb: 2\r\n");
    ASSERT_TRUE(document.root);
    EXPECT_EQ(document.root->entries()[0].key.scalar(), "a");
    EXPECT_EQ(document.root->entries()[0].key.at(), (place{1, 1}));
    EXPECT_EQ(document.root->entries()[1].value.scalar(), "2");
}

TEST(bombs, of_nested_lists_and_maps_are_refused)
{
    for (const char* piece : {"[", "{", "- ", "? ", "{a: ", "- - [", "[{a: "}) {
        const auto document = parse_yaml(repeated(piece, 50'000));
        EXPECT_TRUE(document.problem) << piece;
    }
    EXPECT_FALSE(parse_yaml(std::string(32, '[') + std::string(32, ']')).problem);
    EXPECT_TRUE(parse_yaml(std::string(33, '[') + std::string(33, ']')).problem);
}

TEST(bombs, of_aliases_are_refused)
{
    std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 20; ++i) {
        const std::string previous = "*a" + std::to_string(i - 1);
        text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + previous +
                repeated(", " + previous, 9) + "]\n";
    }
    const auto document = parse_yaml(text);
    ASSERT_TRUE(document.problem);
    EXPECT_EQ(document.problem->message, "more than 100000 values");
}

TEST(bombs, of_values_are_refused)
{
    EXPECT_FALSE(parse_yaml("[" + repeated("1,", 99'000) + "]").problem);
    EXPECT_TRUE(parse_yaml("[" + repeated("1,", 101'000) + "]").problem);
}

TEST(bombs, of_aliases_within_themselves_are_refused)
{
    EXPECT_TRUE(parse_yaml("a: &a [*a]\n").problem);
    EXPECT_TRUE(parse_yaml("a: &a {b: *a}\n").problem);
}

TEST(bombs, of_anything_else_do_no_harm)
{
    for (const char* piece : {"[", "{", "\"", "'", "&a ", "*", "a:\n", "-\n", "?\n", "%", "|\n",
                              ": ", "[:", "a ", "#", "!", "\\"})
        parse_yaml(repeated(piece, (1u << 18) / std::string(piece).size()));
}

} // namespace
} // namespace ferrule::yaml
