#include "log/text.hpp"

#include <gtest/gtest.h>

namespace ferrule::log {
namespace {

std::string in_text(std::string_view value)
{
    std::string line;
    append_text_value(line, value);
    return line;
}

std::string in_json(std::string_view value)
{
    std::string line;
    append_json_string(line, value);
    return line;
}

TEST(log_text, plain_values_stand_as_they_are)
{
    for (const char* value : {"example.org", "127.0.0.1:80", "[::1]:443", "TLS_AES_128_GCM_SHA256",
                              "http/1.1", "a-b", "--", "#;,{}()~!"})
        EXPECT_EQ(in_text(value), value);
}

TEST(log_text, an_empty_value_is_a_dash_and_a_dash_is_not)
{
    EXPECT_EQ(in_text(""), "-");
    EXPECT_EQ(in_text("-"), R"("-")");
}

TEST(log_text, values_that_could_look_like_fields_are_quoted)
{
    EXPECT_EQ(in_text("a b"), R"("a b")");
    EXPECT_EQ(in_text("x outcome=clean"), R"("x outcome=clean")");
    EXPECT_EQ(in_text("a=b"), R"("a=b")");
    EXPECT_EQ(in_text("say \"hi\""), R"("say \"hi\"")");
    EXPECT_EQ(in_text("it's"), R"("it's")");
    EXPECT_EQ(in_text("back\\slash"), R"("back\\slash")");
}

TEST(log_text, bytes_that_are_not_printable_ascii_are_written_as_two_digits)
{
    EXPECT_EQ(in_text("a\nb\tc\r"), R"("a\x0ab\x09c\x0d")");
    EXPECT_EQ(in_text({"\0", 1}), R"("\x00")");
    EXPECT_EQ(in_text("\x1b[31m\x7f"), R"("\x1b[31m\x7f")");
    EXPECT_EQ(in_text("caf\u00e9"), R"("caf\xc3\xa9")");
}

TEST(log_text, every_byte_is_one_line_of_printable_ascii)
{
    for (int byte = 0; byte < 256; ++byte) {
        const std::string value(1, static_cast<char>(byte));
        for (const std::string& line : {in_text(value), in_json(value)})
            for (const char written : line) {
                EXPECT_GE(written, ' ') << byte;
                EXPECT_LE(written, '~') << byte;
            }
    }
}

TEST(log_text, json_strings_are_escaped_byte_by_byte)
{
    EXPECT_EQ(in_json("example.org"), R"("example.org")");
    EXPECT_EQ(in_json("a\"b\\c\n"), R"("a\"b\\c\u000a")");
    EXPECT_EQ(in_json("\xFF\xC3\xA9"), R"("\u00ff\u00c3\u00a9")");
}

TEST(log_text, json_text_of_our_own_keeps_utf8_and_replaces_the_rest)
{
    EXPECT_EQ(json_utf8("caf\u00e9"), "\"caf\u00e9\"");
    EXPECT_EQ(json_utf8("a\nb\xFF"), "\"a\\u000ab\xEF\xBF\xBD\"");
}

TEST(log_text, a_message_has_the_lines_it_has)
{
    using lines = std::vector<std::string>;
    EXPECT_EQ(message_lines("> ", "one"), lines{"> one"});
    EXPECT_EQ(message_lines("> ", "one\ntwo\n"), (lines{"> one", "> two"}));
    EXPECT_EQ(message_lines("> ", "one\n\ntwo"), (lines{"> one", "> ", "> two"}));
    EXPECT_EQ(message_lines("> ", ""), lines{});
}

TEST(log_text, a_message_keeps_tabs_and_utf8_and_loses_other_control_characters)
{
    EXPECT_EQ(message_lines("", "a\tb caf\u00e9 \x1b[1m\r"),
              std::vector<std::string>{"a\tb caf\u00e9 \\x1b[1m\\x0d"});
}

TEST(log_text, time_is_utc_with_milliseconds)
{
    EXPECT_EQ(utc_time(0), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(utc_time(1'795'508'310'123'999), "2026-11-24T08:18:30.123Z");
    EXPECT_EQ(utc_time(1'709'164'800'000'000), "2024-02-29T00:00:00.000Z");
}

} // namespace
} // namespace ferrule::log
