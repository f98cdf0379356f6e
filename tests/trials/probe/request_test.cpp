#include "trials/probe/request.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace ferrule::probe {
namespace {

using std::string_literals::operator""s;

TEST(Send, ReadsEveryEscape)
{
    EXPECT_EQ(unescape(R"(GET / HTTP/1.0\r\n\r\n)"), "GET / HTTP/1.0\r\n\r\n");
    EXPECT_EQ(unescape(R"(a\tb\\n)"), "a\tb\\n");
    EXPECT_EQ(unescape(R"(\x00\x7f\xfF1)"), "\x00\x7f\xff"s + "1");
    EXPECT_EQ(unescape(""), "");
}

TEST(Send, RefusesEveryOtherBackslashWithItsPlace)
{
    for (const char* const text :
         {R"(ab\)", R"(ab\q)", R"(ab\x)", R"(ab\x1)", R"(ab\x1g)", R"(ab\x-1)", R"(ab\ )"}) {
        try {
            unescape(text);
            ADD_FAILURE() << text;
        } catch (const std::invalid_argument& error) {
            EXPECT_NE(std::string{error.what()}.find("character 3"), std::string::npos)
                << text << ": " << error.what();
        }
    }
}

TEST(Target, IsAHostAndAPort)
{
    EXPECT_EQ(read_target("example.org:443").host, "example.org");
    EXPECT_EQ(read_target("example.org:443").port, "443");
    EXPECT_EQ(read_target("127.0.0.1:1").host, "127.0.0.1");
    EXPECT_EQ(read_target("[::1]:65535").host, "::1");
}

TEST(Target, RefusesWhatIsNone)
{
    for (const char* const text :
         {"", "host", "host:", ":443", "host:0", "host:65536", "host:44x", "host:-1", "::1:443",
          "[]:443", "https://host:443", "a b:443", "[::1:443"})
        EXPECT_THROW(read_target(text), std::invalid_argument) << text;
}

TEST(ServerName, IsAHostNameButNoAddress)
{
    EXPECT_EQ(server_name_of("example.org"), "example.org");
    EXPECT_EQ(server_name_of("127.0.0.1"), "");
    EXPECT_EQ(server_name_of("::1"), "");
    EXPECT_EQ(server_name_of("fe80::1%eth0"), "");
}

TEST(Protocols, AreSeparatedByCommas)
{
    EXPECT_EQ(read_protocols("h2,http/1.1"), (std::vector<std::string>{"h2", "http/1.1"}));
    EXPECT_THROW(read_protocols("h2,"), std::invalid_argument);
    EXPECT_THROW(read_protocols(",h2"), std::invalid_argument);
    EXPECT_THROW(read_protocols(std::string(256, 'a')), std::invalid_argument);
}

TEST(Plan, AsksEachQuestionOnceOfEachVersion)
{
    request asked;
    asked.text = "x";
    const std::vector<step> steps = plan(asked);
    ASSERT_EQ(steps.size(), 10U);
    for (std::size_t at = 0; at < steps.size(); ++at) {
        EXPECT_EQ(static_cast<std::size_t>(steps[at].asked), at / 2);
        EXPECT_EQ(static_cast<std::size_t>(steps[at].version), at % 2);
    }
}

TEST(Plan, LeavesOutWhatNeedsAText)
{
    const std::vector<step> steps = plan(request{});
    ASSERT_EQ(steps.size(), 6U);
    for (const step& each : steps) {
        EXPECT_NE(each.asked, question::half_close);
        EXPECT_NE(each.asked, question::last_bytes);
    }
}

TEST(Plan, MakesAsManyConnectionsAsWereGivenAndAsksAgain)
{
    request asked;
    asked.text = "x";
    asked.versions = {tls_version::tls13};
    EXPECT_EQ(plan(asked).size(), 5U);
    asked.connections = 3;
    EXPECT_EQ(plan(asked).size(), 3U);
    asked.connections = 7;
    ASSERT_EQ(plan(asked).size(), 7U);
    EXPECT_EQ(plan(asked)[5], plan(asked)[0]);
}

} // namespace
} // namespace ferrule::probe
