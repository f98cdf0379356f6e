// KeyUpdates of TLS 1.3 (RFC 8446 4.6.3): taken, answered, limited.

#include "tls/channel.hpp"

#include "tls/forged_talk.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ferrule::tls {
namespace {

using test::forged_talk;
using test::types_of_records;

class key_updates : public ::testing::Test, public forged_talk {
protected:
    key_updates() : forged_talk{TLS1_3_VERSION} {}

    std::string key_update(bool with_answer)
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
            records += key_update(false);
        return records;
    }
};

TEST_F(key_updates, are_answered_before_our_next_data_if_the_client_asks_for_it)
{
    EXPECT_EQ("before behind|",
              reads({forged->data("before "), key_update(true), forged->data("behind")}));
    EXPECT_TRUE(with.server_writes("by the new key"));
    const std::string answer = with.from_server();
    EXPECT_EQ(2U, types_of_records(answer).size()) << "RFC 8446 4.6.3: a KeyUpdate, then data";
    with.give_client(answer);
    EXPECT_EQ("by the new key", with.client_reads());
}

TEST_F(key_updates, are_not_answered_if_the_client_does_not_ask)
{
    EXPECT_EQ("behind|", reads({key_update(false), forged->data("behind")}));
    EXPECT_TRUE(with.wire.out.empty());
    EXPECT_TRUE(with.server_writes("by the old key"));
    EXPECT_EQ(1U, types_of_records(with.from_server()).size());
}

TEST_F(key_updates, are_taken_without_end_if_data_come_between_them)
{
    for (int i = 0; i < 1000; ++i)
        ASSERT_EQ("data|", reads({key_update(i % 2 == 0), forged->data("data")})) << i;
    EXPECT_EQ(500U, types_of_records(with.from_server()).size());
}

TEST_F(key_updates, are_taken_up_to_32_without_data)
{
    EXPECT_EQ("|", reads({key_updates_of(32)}));
    EXPECT_EQ("data|", reads({forged->data("data")})) << "and from here on it counts anew";
    EXPECT_EQ("|", reads({key_updates_of(32)}));
    EXPECT_EQ("END", reads({forged->close_notify()}));
}

TEST_F(key_updates, fail_at_the_33rd_without_data)
{
    EXPECT_EQ("data|", reads({forged->data("data"), key_updates_of(32)}));
    EXPECT_EQ("FAILED", reads({key_updates_of(1)}));
    EXPECT_EQ("too many KeyUpdates without data", with.server().detail());
}

TEST_F(key_updates, fail_at_the_33rd_even_if_data_come_in_the_same_segment)
{
    EXPECT_EQ("FAILED", reads({key_updates_of(33), forged->data("data")}))
        << "how TCP cuts the stream decides nothing";
    EXPECT_EQ("too many KeyUpdates without data", with.server().detail());
}

TEST_F(key_updates, fail_at_the_33rd_even_if_a_goodbye_comes_in_the_same_segment)
{
    EXPECT_EQ("FAILED", reads({key_updates_of(33), forged->close_notify()}));
}

TEST_F(key_updates, do_not_count_empty_records_as_data)
{
    std::string records;
    for (int i = 0; i < 33; ++i) {
        records += key_update(false);
        records += forged->data("");
    }
    EXPECT_EQ("FAILED", reads({records}));
}

TEST_F(key_updates, are_not_answered_once_we_have_said_goodbye)
{
    EXPECT_TRUE(with.server().finish());
    with.from_server();
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ("data|", reads({key_update(true), forged->data("data")}));
    EXPECT_TRUE(with.wire.out.empty()) << "nothing follows a close_notify";
    EXPECT_EQ("END", reads({forged->close_notify()}));
}

TEST_F(key_updates, that_come_in_two_records_do_not_stop_our_own_writing)
{
    EXPECT_EQ("|", reads({forged->record(SSL3_RT_HANDSHAKE, {"\x18\0\0", 3})}));
    EXPECT_TRUE(with.server_writes("answer"));
    with.give_client(with.from_server());
    EXPECT_EQ("answer", with.client_reads());
}

TEST_F(key_updates, that_come_without_their_body_are_taken_when_it_comes)
{
    EXPECT_EQ("|", reads({forged->record(SSL3_RT_HANDSHAKE, {"\x18\0\0\1", 4})}));
    const std::string body = forged->record(SSL3_RT_HANDSHAKE, {"\0", 1});
    forged->update_keys();
    EXPECT_EQ("data|", reads({body, forged->data("data")}));
    EXPECT_TRUE(with.server_writes("answer"));
}

TEST_F(key_updates, that_come_without_their_body_fail_if_we_have_to_write_before)
{
    EXPECT_EQ("|", reads({forged->record(SSL3_RT_HANDSHAKE, {"\x18\0\0\1", 4})}));
    EXPECT_FALSE(with.server_writes("answer"));
    EXPECT_EQ("half a handshake message is in the way", with.server().detail());
}

TEST_F(key_updates, that_come_without_their_body_keep_us_from_a_goodbye_and_from_nothing_else)
{
    EXPECT_EQ("|", reads({forged->record(SSL3_RT_HANDSHAKE, {"\x18\0\0\1", 4})}));
    EXPECT_FALSE(with.server().finish());
    EXPECT_EQ("shutdown while in init", with.server().detail());
    EXPECT_TRUE(with.wire.out.empty());
    const std::string body = forged->record(SSL3_RT_HANDSHAKE, {"\0", 1});
    forged->update_keys();
    EXPECT_EQ("dataEND", reads({body, forged->data("data"), forged->close_notify()}));
}

} // namespace
} // namespace ferrule::tls
