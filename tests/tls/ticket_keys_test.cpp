#include "tls/ticket_keys.hpp"

#include <gtest/gtest.h>

#include <openssl/evp.h>

#include <algorithm>
#include <string>
#include <vector>

namespace {

using ferrule::tls::make_ticket_key;
using ferrule::tls::max_ticket_errors;
using ferrule::tls::max_ticket_keys;
using ferrule::tls::read_ticket_keys;
using ferrule::tls::ticket_key;
using ferrule::tls::ticket_keys;

using errors = std::vector<std::string>;

std::string base64_of(const std::vector<unsigned char>& bytes)
{
    std::string text(bytes.size() * 2 + 4, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                                     static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

std::string base64_of(const ticket_key& key)
{
    return base64_of(std::vector<unsigned char>(key.bytes.begin(), key.bytes.end()));
}

TEST(tls_ticket_keys, are_read_in_the_order_of_the_file)
{
    const ticket_key one = make_ticket_key();
    const ticket_key two = make_ticket_key();
    const auto file = read_ticket_keys("# newest first\n\n" + base64_of(one) + "\n  " +
                                       base64_of(two) + " # old\r\n\t\n#" + base64_of(two));
    EXPECT_EQ(file.errors, errors());
    EXPECT_EQ(file.keys, (ticket_keys{one, two}));
}

TEST(tls_ticket_keys, need_no_newline_at_the_end)
{
    EXPECT_EQ(read_ticket_keys(base64_of(make_ticket_key())).keys.size(), 1U);
}

TEST(tls_ticket_keys, are_missed_in_a_file_without_any)
{
    for (const std::string text : {"", "\n", "# nothing\n \n"}) {
        EXPECT_EQ(read_ticket_keys(text).errors, errors{"holds no key"});
    }
}

TEST(tls_ticket_keys, have_80_bytes)
{
    for (const auto& [size, said] : {std::pair{48U, "48 bytes"},
                                     {79U, "79 bytes"},
                                     {81U, "81 bytes"},
                                     {1U, "1 byte"},
                                     {96U, "96 bytes"}}) {
        const std::vector<unsigned char> bytes(size, 'x');
        const auto file = read_ticket_keys(base64_of(bytes) + "\n");
        EXPECT_EQ(file.errors,
                  errors{std::string("line 1 of the file has ") + said + ", and a key has 80"});
        EXPECT_TRUE(file.keys.empty());
    }
}

TEST(tls_ticket_keys, are_strict_base64)
{
    const std::string good = base64_of(make_ticket_key());
    ASSERT_EQ(good.size(), 108U);
    ASSERT_EQ(good.back(), '=');
    std::string url = good;
    url[5] = '-';
    std::string padded_inside = good;
    padded_inside[50] = '=';
    std::string loose = good; // bits behind the last byte
    loose[106] = loose[106] == 'B' ? 'C' : 'B';
    std::string zero = good;
    zero[7] = '\0';
    for (const std::string& text :
         {good + "=", good.substr(1), good.substr(0, 107), url, padded_inside, loose, zero,
          good.substr(0, 60) + " " + good.substr(60), good + good, std::string("="),
          std::string("====")})
        EXPECT_EQ(read_ticket_keys(text).errors, errors{"line 1 of the file is not base64"})
            << text;
}

TEST(tls_ticket_keys, are_not_pem)
{
    EXPECT_EQ(read_ticket_keys("# mine\n-----BEGIN PRIVATE KEY-----\nMIGH").errors,
              errors{"is PEM, a certificate or a private key"});
}

TEST(tls_ticket_keys, must_not_stand_twice)
{
    const ticket_key one = make_ticket_key();
    ticket_key of_the_same_name = one;
    of_the_same_name.bytes[79] ^= 1U;
    const std::string line = base64_of(one) + "\n";
    EXPECT_EQ(read_ticket_keys("#\n" + line + base64_of(make_ticket_key()) + "\n" + line).errors,
              errors{"line 4 of the file repeats the key of line 2"});
    EXPECT_EQ(read_ticket_keys(line + base64_of(of_the_same_name)).errors,
              errors{"line 2 of the file begins with the same 16 bytes as line 1"});
}

TEST(tls_ticket_keys, must_not_be_known_to_everybody)
{
    EXPECT_EQ(read_ticket_keys(base64_of(ticket_key())).errors,
              errors{"line 1 of the file is a key of zeros, which anybody can guess"});
}

TEST(tls_ticket_keys, are_sixteen_at_most)
{
    std::string text;
    for (std::size_t i = 0; i < max_ticket_keys; ++i)
        text += base64_of(make_ticket_key()) + "\n";
    EXPECT_EQ(read_ticket_keys(text).keys.size(), max_ticket_keys);
    EXPECT_EQ(read_ticket_keys(text + base64_of(make_ticket_key())).errors,
              errors{"line 17 of the file is one key too many: 16 are the most"});
}

TEST(tls_ticket_keys, are_not_read_from_a_file_of_something_else_to_its_end)
{
    const auto file =
        read_ticket_keys(std::string(100'000, '\n') + "x\n" + std::string(100'000, '.') + "\n" +
                         std::string(2000, '\n') + [] {
                             std::string lines;
                             for (int i = 0; i < 1000; ++i)
                                 lines += "x\n";
                             return lines;
                         }());
    EXPECT_EQ(file.errors.size(), max_ticket_errors);
    EXPECT_EQ(file.errors.front(), "line 100001 of the file is not base64");
}

TEST(tls_ticket_keys, leave_no_bytes_behind)
{
    alignas(ticket_key) std::array<unsigned char, sizeof(ticket_key)> room{};
    auto* const key = new (room.data()) ticket_key(make_ticket_key());
    EXPECT_NE(std::count(room.begin(), room.end(), 0), static_cast<long>(room.size()));
    key->~ticket_key();
    EXPECT_EQ(std::count(room.begin(), room.end(), 0), static_cast<long>(room.size()));
}

} // namespace
