#include "base/password.hpp"

#include <gtest/gtest.h>

namespace ferrule::base {
namespace {

// "secret", as `openssl passwd -6`, `mkpasswd -m yescrypt` and `htpasswd -B` write it.
const std::string sha512 = "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8w"
                           "iOQSpT0Y77vwPZN.Pq.H91p5hVO1";
const std::string yescrypt =
    "$y$j75$620cm1/chVFHGxYSM3COI.$HafD2DOPQbkcJQ.FT5TMNy2xJtxVyCs2qtM6Jgfu6J/";

std::string problem(const std::string& text)
{
    return read_password_file(text).problem;
}

TEST(password, is_known_by_its_hash)
{
    for (const std::string& hash : {sha512, yescrypt}) {
        EXPECT_TRUE(is_password("secret", hash)) << hash;
        for (const char* wrong : {"", "Secret", "secret ", "secre"})
            EXPECT_FALSE(is_password(wrong, hash)) << wrong;
    }
}

TEST(password, does_not_end_at_a_zero_byte_and_is_not_endless)
{
    EXPECT_FALSE(is_password(std::string("secret\0x", 8), sha512));
    EXPECT_FALSE(is_password(std::string(10'000, 'x'), sha512));
}

TEST(password, never_fits_what_is_not_a_hash)
{
    for (const char* hash : {"", "*", "*0", "*1", "secret", "$6$", "$1$saltsalt$x"})
        EXPECT_FALSE(is_password("secret", hash)) << hash;
}

TEST(password_file, has_a_user_and_a_hash_in_each_line)
{
    const password_file file =
        read_password_file("# who may scrape\n\nprometheus:" + sha512 + "\r\nop:" + yescrypt);
    EXPECT_EQ(file.problem, "");
    const std::vector<password_entry> expected{{"prometheus", sha512}, {"op", yescrypt}};
    EXPECT_EQ(file.entries, expected);
}

TEST(password_file, says_what_is_wrong_with_it_but_not_the_hash)
{
    EXPECT_EQ(problem(""), "names no user");
    EXPECT_EQ(problem("# nobody\n"), "names no user");
    EXPECT_EQ(problem("a:" + sha512 + "\nsecret\n"), "line 2: has no ':' between user and hash");
    EXPECT_EQ(problem(":" + sha512), "line 1: has no user before the ':'");
    EXPECT_EQ(problem("a:" + sha512 + "\na:" + yescrypt), "line 2: the user stands there already");
    EXPECT_EQ(problem("a:secret"), "line 1: what follows the user is not a hash");
    EXPECT_EQ(problem("a:"), "line 1: what follows the user is not a hash");
    EXPECT_EQ(problem("a:$1$saltsalt$9xy1btjgzLYfb7hivXtC//"),
              "line 1: the hash is of a kind that is too weak");
    EXPECT_EQ(problem("a:$apr1$x$y"), "line 1: the hash is of a kind that crypt(3) does not know");
}

TEST(password_file, refuses_a_hash_that_was_cut_off)
{
    for (const std::string& hash : {sha512, yescrypt})
        for (const std::size_t missing : {std::size_t{1}, std::size_t{20}, hash.size() - 4})
            EXPECT_NE(problem("a:" + hash.substr(0, hash.size() - missing)), "") << missing;
    EXPECT_EQ(problem("a:" + sha512 + "x"), "line 1: the hash is not complete");
}

} // namespace
} // namespace ferrule::base
