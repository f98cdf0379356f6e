#include "base/secret_text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace ferrule::base {
namespace {

const std::string secret(200, 's');

TEST(secret_text, keeps_what_it_was_given)
{
    const secret_text kept{std::string(secret)};
    EXPECT_EQ(kept.reveal(), secret);
    EXPECT_FALSE(kept.empty());
    EXPECT_TRUE(secret_text{}.empty());
}

TEST(secret_text, leaves_nothing_where_it_was_taken_from)
{
    for (const std::size_t size : {std::size_t{8}, std::size_t{200}}) { // in place, and on the heap
        std::string given(size, 's');
        const char* const bytes = given.data();
        const secret_text kept{std::move(given)};
        EXPECT_TRUE(given.empty());
        if (bytes == given.data()) { // a short text is inside of the string itself
            EXPECT_EQ(std::string(bytes, size), std::string(size, '\0'));
        }
        EXPECT_EQ(kept.reveal().size(), size);
    }
}

TEST(secret_text, copies_are_equal_and_independent)
{
    secret_text one{std::string(secret)};
    secret_text two = one;
    EXPECT_EQ(one, two);
    one = secret_text{std::string("other")};
    EXPECT_EQ(two.reveal(), secret);
    EXPECT_NE(one, two);
    two = one;
    EXPECT_EQ(two.reveal(), "other");
    const secret_text three = std::move(one);
    EXPECT_EQ(three.reveal(), "other");
    EXPECT_TRUE(one.empty());
}

TEST(secret_text, wipe_overwrites_and_empties)
{
    std::string text = secret;
    const char* const bytes = text.data();
    wipe(text);
    EXPECT_TRUE(text.empty());
    EXPECT_EQ(std::string(bytes, secret.size()), std::string(secret.size(), '\0'));
}

} // namespace
} // namespace ferrule::base
