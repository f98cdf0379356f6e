// A channel as the session uses it: handshake, reading, writing, goodbyes. What odd clients send is
// in channel_odd_client_test.cpp.

#include "tls/channel.hpp"

#include "tls/talk.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ferrule::tls {
namespace {

using test::make_plain_client;
using test::talk;
using test::types_of_records;

/// One conversation in each version of TLS.
class channels : public ::testing::TestWithParam<int> {
protected:
    context server_{test::good_options()};
    test::client_context client_ = make_plain_client(GetParam());
    talk talk_{client_.get(), server_.native()};
};

// --- the handshake -------------------------------------------------------------------------------

TEST_P(channels, shake_hands_at_once)
{
    EXPECT_TRUE(talk_.server().is_usable());
    EXPECT_TRUE(talk_.shake_hands());
    EXPECT_TRUE(talk_.wire.in.empty());
    EXPECT_EQ("hello|", talk_.server_reads_after("hello"));
}

TEST_P(channels, shake_hands_byte_by_byte)
{
    auto progress = handshake_progress::blocked;
    for (int flight = 0; flight < 3 && progress == handshake_progress::blocked; ++flight) {
        SSL_do_handshake(talk_.client());
        for (const char byte : talk_.from_client()) {
            ASSERT_EQ(handshake_progress::blocked, progress) << "there is more to come";
            talk_.give({&byte, 1});
            progress = talk_.server().handshake();
            EXPECT_TRUE(talk_.wire.in.empty());
            talk_.give_client(talk_.from_server());
        }
    }
    EXPECT_EQ(handshake_progress::done, progress);
    EXPECT_EQ(1, SSL_do_handshake(talk_.client()));
    EXPECT_EQ("hello|", talk_.server_reads_after("hello"));
}

TEST_P(channels, ask_for_more_without_any_input)
{
    EXPECT_EQ(handshake_progress::blocked, talk_.server().handshake());
    EXPECT_TRUE(talk_.wire.out.empty());
}

TEST_P(channels, fail_by_an_alert_with_a_client_that_they_do_not_understand)
{
    talk_.give(std::string("\x16\x03\x01\x00\x05\x63\x00\x00\x01\x00", 10));
    EXPECT_EQ(handshake_progress::failed, talk_.server().handshake());
    EXPECT_EQ("unexpected message", talk_.server().detail());
    EXPECT_EQ((std::vector{SSL3_RT_ALERT}), types_of_records(talk_.from_server()));
}

TEST_P(channels, fail_with_a_client_that_speaks_no_tls)
{
    talk_.give("GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(handshake_progress::failed, talk_.server().handshake());
    EXPECT_EQ("http request", talk_.server().detail());
}

// --- reading -------------------------------------------------------------------------------------

TEST_P(channels, read_several_records_at_once)
{
    ASSERT_TRUE(talk_.shake_hands());
    talk_.client_writes("one ");
    talk_.client_writes("two ");
    talk_.client_writes("three");
    talk_.give(talk_.from_client());
    EXPECT_EQ("one two three|", talk_.server_reads());
    EXPECT_TRUE(talk_.wire.in.empty());
    EXPECT_EQ("|", talk_.server_reads());
    EXPECT_TRUE(talk_.wire.out.empty());
}

TEST_P(channels, read_a_record_once_it_is_whole)
{
    ASSERT_TRUE(talk_.shake_hands());
    talk_.client_writes("hello");
    const std::string bytes = talk_.from_client();
    for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
        talk_.give(bytes.substr(i, 1));
        ASSERT_EQ("|", talk_.server_reads());
        ASSERT_TRUE(talk_.wire.in.empty()) << "a part is kept by OpenSSL, not on the wire";
    }
    talk_.give(bytes.substr(bytes.size() - 1));
    EXPECT_EQ("hello|", talk_.server_reads());
}

TEST_P(channels, read_one_and_a_half_records)
{
    ASSERT_TRUE(talk_.shake_hands());
    talk_.client_writes("one ");
    talk_.client_writes("two");
    const std::string bytes = talk_.from_client();
    talk_.give(bytes.substr(0, bytes.size() - 10));
    EXPECT_EQ("one |", talk_.server_reads());
    talk_.give(bytes.substr(bytes.size() - 10));
    EXPECT_EQ("two|", talk_.server_reads());
}

TEST_P(channels, read_as_much_as_fits_and_then_the_rest)
{
    ASSERT_TRUE(talk_.shake_hands());
    talk_.client_writes("hello");
    talk_.client_writes(" world");
    talk_.give(talk_.from_client());
    EXPECT_EQ("hel+", talk_.server_reads(3));
    EXPECT_EQ("lo w+", talk_.server_reads(4));
    EXPECT_EQ("orld|", talk_.server_reads(5));
}

TEST_P(channels, read_300_kilobytes)
{
    ASSERT_TRUE(talk_.shake_hands());
    std::string much(300'000, '\0');
    for (std::size_t i = 0; i < much.size(); ++i)
        much[i] = static_cast<char>(i * 7 % 251);
    talk_.client_writes(much);
    talk_.give(talk_.from_client());
    EXPECT_TRUE(talk_.server_reads(400'000) == much + "|");
}

TEST_P(channels, read_a_close_notify_and_the_data_before_it)
{
    ASSERT_TRUE(talk_.shake_hands());
    talk_.client_writes("last words");
    SSL_shutdown(talk_.client());
    talk_.give(talk_.from_client());
    EXPECT_EQ("last wordsEND", talk_.server_reads());
    EXPECT_TRUE(talk_.wire.out.empty()) << "our own goodbye is the session's to say";
}

TEST_P(channels, ignore_what_stands_behind_a_close_notify)
{
    ASSERT_TRUE(talk_.shake_hands());
    talk_.client_writes("data");
    const std::string record = talk_.from_client();
    SSL_shutdown(talk_.client());
    talk_.give(record + talk_.from_client() + record + "and what is no record at all");
    EXPECT_EQ("dataEND", talk_.server_reads());
    EXPECT_TRUE(talk_.wire.out.empty());
    EXPECT_EQ("", talk_.server().detail());
    EXPECT_TRUE(talk_.server_writes("an answer"));
    talk_.give_client(talk_.from_server());
    EXPECT_EQ("an answer", talk_.client_reads());
}

// --- writing -------------------------------------------------------------------------------------

TEST_P(channels, write_records_that_the_client_reads)
{
    ASSERT_TRUE(talk_.shake_hands());
    EXPECT_TRUE(talk_.server_writes("hello "));
    EXPECT_TRUE(talk_.server_writes("world"));
    const std::string bytes = talk_.from_server();
    EXPECT_EQ((std::vector{SSL3_RT_APPLICATION_DATA, SSL3_RT_APPLICATION_DATA}),
              types_of_records(bytes));
    talk_.give_client(bytes);
    EXPECT_EQ("hello world", talk_.client_reads());
}

TEST_P(channels, write_300_kilobytes_as_full_records)
{
    ASSERT_TRUE(talk_.shake_hands());
    std::string much(300'000, '\0');
    for (std::size_t i = 0; i < much.size(); ++i)
        much[i] = static_cast<char>(i * 11 % 253);
    EXPECT_TRUE(talk_.server_writes(much));
    const std::string bytes = talk_.from_server();
    EXPECT_EQ((300'000U + 16383) / 16384, types_of_records(bytes).size());
    talk_.give_client(bytes);
    EXPECT_TRUE(talk_.client_reads() == much);
}

TEST_P(channels, write_no_record_for_no_bytes)
{
    ASSERT_TRUE(talk_.shake_hands());
    EXPECT_TRUE(talk_.server_writes(""));
    EXPECT_TRUE(talk_.wire.out.empty());
}

// --- goodbyes ------------------------------------------------------------------------------------

TEST_P(channels, finish_by_exactly_one_close_notify_and_read_on)
{
    ASSERT_TRUE(talk_.shake_hands());
    EXPECT_TRUE(talk_.server_finishes());
    const std::string goodbye = talk_.from_server();
    EXPECT_EQ(1U, types_of_records(goodbye).size());
    talk_.give_client(goodbye);
    EXPECT_EQ("END", talk_.client_reads());

    EXPECT_EQ("an upload|", talk_.server_reads_after("an upload"));
    EXPECT_EQ(" goes on|", talk_.server_reads_after(" goes on"));
    SSL_shutdown(talk_.client());
    talk_.give(talk_.from_client());
    EXPECT_EQ("END", talk_.server_reads());
    EXPECT_TRUE(talk_.wire.out.empty());
}

TEST_P(channels, finish_after_the_client_has)
{
    ASSERT_TRUE(talk_.shake_hands());
    SSL_shutdown(talk_.client());
    talk_.give(talk_.from_client());
    EXPECT_EQ("END", talk_.server_reads());
    EXPECT_TRUE(talk_.server_writes("an answer for who has said goodbye"));
    EXPECT_TRUE(talk_.server_finishes());
    talk_.give_client(talk_.from_server());
    EXPECT_EQ("an answer for who has said goodbyeEND", talk_.client_reads());
}

TEST_P(channels, say_nothing_when_they_are_destroyed)
{
    ASSERT_TRUE(talk_.shake_hands());
    EXPECT_TRUE(talk_.server_writes("half of"));
    talk_.give_client(talk_.from_server());
    talk_.destroy_server();
    EXPECT_TRUE(talk_.wire.out.empty()) << "whoever did not finish has not ended";
    EXPECT_EQ("half of", talk_.client_reads());
}

const auto by_version = ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION);

std::string name_of(const ::testing::TestParamInfo<int>& version)
{
    return version.param == TLS1_3_VERSION ? "tls13" : "tls12";
}

INSTANTIATE_TEST_SUITE_P(tls, channels, by_version, name_of);

} // namespace
} // namespace ferrule::tls
