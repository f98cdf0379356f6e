#include "yaml/nearest.hpp"

#include <gtest/gtest.h>

namespace ferrule::yaml {

namespace {

const std::vector<std::string_view> modes{"wait", "notify", "abort"};
const std::vector<std::string_view> keys{"certificate", "key",    "min_version", "max_version",
                                         "ciphers",     "suites", "groups",      "alpn"};

TEST(near_words, are_found_for_a_letter_wrong_missing_extra_or_swapped)
{
    EXPECT_EQ(nearest("motify", modes), "notify");
    EXPECT_EQ(nearest("notfy", modes), "notify");
    EXPECT_EQ(nearest("nottify", modes), "notify");
    EXPECT_EQ(nearest("ntoify", modes), "notify");
    EXPECT_EQ(nearest("certficate", keys), "certificate");
}

TEST(near_words, are_found_in_another_case_or_with_a_hyphen)
{
    EXPECT_EQ(nearest("NOTIFY", modes), "notify");
    EXPECT_EQ(nearest("Min-Version", keys), "min_version");
}

TEST(near_words, are_found_by_a_beginning_that_only_one_has)
{
    EXPECT_EQ(nearest("cert", keys), "certificate");
    EXPECT_EQ(nearest("c", keys), "");
    EXPECT_EQ(nearest("hand", {"handle", "handshake"}), "");
    EXPECT_EQ(nearest("hal", {"half_close", "half_close_timeout"}), "");
}

TEST(near_words, are_not_found_for_anything_else)
{
    EXPECT_EQ(nearest("", modes), "");
    EXPECT_EQ(nearest("gracefull", modes), "");
    EXPECT_EQ(nearest("ab", modes), "");
    EXPECT_EQ(nearest(std::string(100'000, 'a'), modes), "");
    EXPECT_EQ(nearest("wait", {}), "");
}

TEST(choices, are_listed_with_the_near_one)
{
    EXPECT_EQ(one_of("gracefull", modes), "one of: wait, notify, abort");
    EXPECT_EQ(one_of("notfy", modes), "one of: wait, notify, abort (did you mean 'notify'?)");
}

TEST(choices, are_not_listed_without_end)
{
    const std::vector<std::string> names(500, "backend");
    const std::vector<std::string_view> words(names.begin(), names.end());
    EXPECT_LT(one_of("other", words).size(), 300u);
}

} // namespace
} // namespace ferrule::yaml
