#include "yaml/diagnostic.hpp"

#include <gtest/gtest.h>

namespace ferrule::yaml {

namespace {

diagnostic error_at(int line, int column, const std::string& fix = "try this")
{
    return {severity::error, line, column, "it is wrong", fix};
}

TEST(findings, are_written_as_compilers_do)
{
    const std::string text = "shutdown:\n  mode: gracefull\n";
    const diagnostic finding{severity::error, 2, 9,
                             "shutdown.mode: 'gracefull' is not a shutdown mode",
                             "one of: wait, notify, abort"};
    EXPECT_EQ(to_text({finding}, text, "ferrule.yaml"),
              "ferrule.yaml:2:9: error: shutdown.mode: 'gracefull' is not a shutdown mode\n"
              "  mode: gracefull\n"
              "        ^ one of: wait, notify, abort\n");
}

TEST(findings, about_the_whole_file_quote_no_line)
{
    EXPECT_EQ(to_text({error_at(0, 0)}, "text\n", "a.yaml"),
              "a.yaml: error: it is wrong\n    try this\n");
    EXPECT_EQ(to_text({error_at(0, 0, "")}, "", "a.yaml"), "a.yaml: error: it is wrong\n");
}

TEST(findings, without_a_fix_end_in_the_caret)
{
    EXPECT_EQ(to_text({error_at(1, 3, "")}, "abc", "a.yaml"),
              "a.yaml:1:3: error: it is wrong\nabc\n  ^\n");
}

TEST(findings, behind_the_last_line_quote_nothing)
{
    EXPECT_EQ(to_text({error_at(3, 1)}, "a\nb\n", "a.yaml"),
              "a.yaml:3:1: error: it is wrong\n    try this\n");
}

TEST(findings, behind_the_end_of_a_line_point_there)
{
    EXPECT_EQ(to_text({error_at(1, 99)}, "ab\n", "a.yaml"),
              "a.yaml:1:99: error: it is wrong\nab\n  ^ try this\n");
}

TEST(findings, are_put_into_the_order_of_the_file)
{
    std::vector<diagnostic> findings{error_at(2, 1, ""), error_at(1, 5, ""), error_at(1, 2, ""),
                                     error_at(0, 0, "")};
    findings[3].level = severity::warning;
    EXPECT_EQ(to_text(findings, "", "a"), "a: warning: it is wrong\n"
                                          "a:1:2: error: it is wrong\n"
                                          "a:1:5: error: it is wrong\n"
                                          "a:2:1: error: it is wrong\n");
}

TEST(findings, keep_their_order_at_one_place)
{
    diagnostic first = error_at(1, 1, "");
    first.message = "first";
    EXPECT_EQ(to_text({first, error_at(1, 1, "")}, "", "a"),
              "a:1:1: error: first\na:1:1: error: it is wrong\n");
}

TEST(carets, stand_under_tabs_and_wide_letters)
{
    EXPECT_EQ(to_text({error_at(1, 4)}, "\ta:\tb\n", "a"),
              "a:1:4: error: it is wrong\n\ta:\tb\n\t  ^ try this\n");
    EXPECT_EQ(to_text({error_at(1, 6)}, "\xc3\xbc\xc3\xb6 x\n", "a"),
              "a:1:6: error: it is wrong\n\xc3\xbc\xc3\xb6 x\n   ^ try this\n");
}

TEST(quoted_lines, lose_carriage_returns_and_control_characters)
{
    EXPECT_EQ(to_text({error_at(1, 1)}, "a\x1b[31mb\r\nc\r\n", "a"),
              "a:1:1: error: it is wrong\na?[31mb\n^ try this\n");
}

TEST(quoted_lines, do_not_count_a_byte_order_mark)
{
    EXPECT_EQ(to_text({error_at(1, 2)},
                      "\xef\xbb\xbf"
                      "ab\n",
                      "a"),
              "a:1:2: error: it is wrong\nab\n ^ try this\n");
}

TEST(quoted_lines, that_are_long_are_shown_around_the_place)
{
    const std::string line = std::string(500, 'a') + "X" + std::string(500, 'b');
    const std::string text = to_text({error_at(1, 501)}, line, "a");
    EXPECT_LT(text.size(), 400u);
    const auto end_of_message = text.find('\n') + 1;
    const auto end_of_quote = text.find('\n', end_of_message) + 1;
    EXPECT_EQ(text.find('X') - end_of_message, text.find('^') - end_of_quote);
}

TEST(quoted_lines, that_are_long_are_not_cut_within_a_letter)
{
    for (std::size_t shift = 0; shift < 3; ++shift) {
        std::string line(shift, 'a');
        for (int i = 0; i < 300; ++i)
            line += "\xe2\x82\xac";
        const std::string text = to_text({error_at(1, 451)}, line, "a");
        const auto quote = text.find("...");
        ASSERT_NE(quote, text.npos);
        EXPECT_EQ(static_cast<unsigned char>(text[quote + 3]), 0xe2);
        EXPECT_EQ(static_cast<unsigned char>(text[text.rfind("...") - 3]), 0xe2);
    }
}

TEST(quoted_lines, never_show_pem_text)
{
    const std::string text = "a: |\n"
                             "  -----BEGIN PRIVATE KEY-----\n"
                             "  c2VjcmV0\n"
                             "  -----END PRIVATE KEY-----\n"
                             "b: 1\n";
    for (const int line : {2, 3, 4}) {
        const std::string shown = to_text({error_at(line, 3)}, text, "a");
        EXPECT_EQ(shown, "a:" + std::to_string(line) +
                             ":3: error: it is wrong\n    (PEM text, not shown)\n    try this\n");
    }
    EXPECT_NE(to_text({error_at(5, 1)}, text, "a").find("b: 1"), std::string::npos);
}

TEST(quoted_lines, never_show_pem_text_that_does_not_end)
{
    const std::string text = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\nc2VjcmV0\n";
    EXPECT_EQ(to_text({error_at(3, 1)}, text, "a").find("c2V"), std::string::npos);
}

} // namespace
} // namespace ferrule::yaml
