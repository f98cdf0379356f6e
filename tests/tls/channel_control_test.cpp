// Records without data: how many are taken at once, and how many at all. And our own KeyUpdates.

#include "tls/channel.hpp"

#include "tls/forged_talk.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ferrule::tls {
namespace {

using test::forged_talk;
using test::types_of_records;

class key_update_floods : public ::testing::Test, public forged_talk {
protected:
    key_update_floods() : forged_talk{TLS1_3_VERSION} {}

    std::string key_update(bool with_answer = false)
    {
        const std::string message{SSL3_MT_KEY_UPDATE, 0, 0, 1, with_answer ? '\1' : '\0'};
        const std::string record = forged->record(SSL3_RT_HANDSHAKE, message);
        forged->update_keys();
        return record;
    }

    std::string key_updates_of(int count)
    {
        std::string records;
        for (int i = 0; i < count; ++i)
            records += key_update();
        return records;
    }

    /// As the session does it: read until there is nothing left.
    std::string reads_all(std::initializer_list<std::string> records)
    {
        std::string all = reads(records);
        while (all.ends_with('+')) {
            all.pop_back();
            all += with.server_reads();
        }
        return all;
    }
};

TEST_F(key_update_floods, may_be_32_long_before_any_data)
{
    EXPECT_EQ("|", reads_all({key_updates_of(32)}));
    EXPECT_EQ("data|", reads_all({forged->data("data")}));
    EXPECT_EQ("END", reads_all({forged->close_notify()})) << "that needs no budget of its own";
}

TEST_F(key_update_floods, an_answer_does_not_put_the_ticket_among_the_data)
{
    EXPECT_EQ("|", reads_all({key_update(true)}));
    ASSERT_EQ(saying::open, with.server().write_ticket());
    const std::size_t before = with.wire.out.size();
    EXPECT_EQ(saying::open, with.server_says("data"));
    constexpr std::size_t overhead = 22; // header, type and tag (RFC 8446 5.2)
    EXPECT_EQ(before + overhead + 4, with.wire.out.size());
}

TEST_F(key_update_floods, end_at_the_33rd_with_an_alert)
{
    EXPECT_EQ("data|", reads_all({forged->data("data"), key_updates_of(32)}));
    EXPECT_EQ("FAILED", reads_all({key_updates_of(1)}));
    EXPECT_EQ("too many records without data", with.server().detail());
    EXPECT_TRUE(with.server().was_alerted());
    EXPECT_EQ(SSL3_AL_FATAL << 8 | SSL_AD_UNEXPECTED_MESSAGE, alert());
}

TEST_F(key_update_floods, end_however_tcp_cuts_the_stream)
{
    EXPECT_EQ("FAILED", reads_all({key_updates_of(33), forged->data("data")}));
    EXPECT_EQ("too many records without data", with.server().detail());
}

TEST_F(key_update_floods, are_not_excused_by_a_byte_now_and_then)
{
    std::string got;
    for (int i = 0; i < 10 && !got.ends_with("FAILED"); ++i)
        got += reads_all({key_updates_of(31), forged->data("x")});
    EXPECT_EQ("x|FAILED", got) << "data count by their amount";
}

TEST_F(key_update_floods, are_not_excused_by_empty_records)
{
    std::string records;
    for (int i = 0; i < 33; ++i) {
        records += key_update();
        records += forged->data("");
    }
    EXPECT_EQ("FAILED", reads_all({records}));
}

TEST_F(key_update_floods, are_none_if_data_come_between_them)
{
    const std::string data(2048, 'd');
    std::string read = data;
    read += '|';
    for (int i = 0; i < 1000; ++i)
        ASSERT_EQ(read, reads_all({key_update(i % 2 == 0), forged->data(data)})) << i;
    EXPECT_EQ(500U, types_of_records(with.from_server()).size());
}

TEST_F(key_update_floods, are_none_if_we_send_the_data)
{
    // What Java does once a key is used up: a KeyUpdate for each record that it receives, until it
    // has ours (JDK-8329548). Up to 512 records may be on their way to it.
    for (int i = 0; i < 600; ++i)
        ASSERT_TRUE(with.server_writes(std::string(16384, 'd')));
    with.from_server();
    EXPECT_EQ("|", reads_all({key_updates_of(512)}));
    EXPECT_EQ("FAILED", reads_all({key_updates_of(1)})) << "no peer saves up more than that";
}

TEST_F(key_update_floods, are_taken_32_at_a_time)
{
    ASSERT_TRUE(with.server_writes(std::string(300'000, 'd')));
    with.from_server();
    EXPECT_EQ("+", reads({key_updates_of(70), forged->data("behind")}));
    EXPECT_LT(38U * 27, with.wire.in.size());
    EXPECT_EQ("+", with.server_reads());
    EXPECT_EQ("behind|", with.server_reads());
    EXPECT_TRUE(with.wire.in.empty());
}

TEST_F(key_update_floods, make_us_write_less_than_a_kilobyte_at_a_time)
{
    std::string records;
    for (int i = 0; i < 32; ++i)
        records += key_update(true);
    EXPECT_EQ("|", reads_all({records}));
    EXPECT_LE(with.wire.out.size(), 1024U);
}

// --- the other records without data --------------------------------------------------------------

class renegotiation_floods : public ::testing::Test, public forged_talk {
protected:
    renegotiation_floods() : forged_talk{TLS1_2_VERSION} {}
};

TEST_F(renegotiation_floods, end_at_the_33rd_with_an_alert)
{
    const auto fresh = test::make_plain_client(TLS1_2_VERSION);
    context unused{test::good_options()};
    test::talk other{fresh.get(), unused.native()};
    SSL_do_handshake(other.client());
    const std::string hello = other.from_client().substr(5);
    for (int i = 0; i < 32; ++i)
        ASSERT_EQ("|", reads({forged->record(SSL3_RT_HANDSHAKE, hello)}).substr(0, 1)) << i;
    with.give_client(with.from_server());
    EXPECT_EQ("FAILED", reads({forged->record(SSL3_RT_HANDSHAKE, hello)}));
    EXPECT_TRUE(with.server().was_alerted());
}

// --- ours ----------------------------------------------------------------------------------------

class our_keys : public ::testing::TestWithParam<int> {
protected:
    context server_{test::good_options()};
    test::client_context client_ = test::make_plain_client(GetParam());
};

TEST_P(our_keys, are_renewed_before_they_are_used_up)
{
    test::talk talk{client_.get(), server_.native(), channel_limits{.records_for_a_key = 10}};
    ASSERT_TRUE(talk.shake_hands());
    std::string all;
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(talk.server_writes("answer "));
        talk.give_client(talk.from_server());
        all += talk.client_reads();
    }
    EXPECT_EQ(700U, all.size());
    EXPECT_EQ(GetParam() == TLS1_3_VERSION, talk.key_updates_to_client > 5)
        << talk.key_updates_to_client;
    EXPECT_GE(100 / 9 + 1, talk.key_updates_to_client);
    talk.client_writes("and back");
    EXPECT_EQ("and back|", talk.server_reads_after("")) << "the client's own keys are its affair";
}

INSTANTIATE_TEST_SUITE_P(tls, our_keys, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const ::testing::TestParamInfo<int>& version) {
                             return version.param == TLS1_3_VERSION ? "tls13" : "tls12";
                         });

} // namespace
} // namespace ferrule::tls
