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

TEST_F(key_updates, are_not_answered_once_we_have_said_goodbye)
{
    EXPECT_TRUE(with.server_finishes());
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
    EXPECT_TRUE(with.server().has_begun_message());
    const std::string body = forged->record(SSL3_RT_HANDSHAKE, {"\0", 1});
    forged->update_keys();
    EXPECT_EQ("data|", reads({body, forged->data("data")}));
    EXPECT_FALSE(with.server().has_begun_message());
    EXPECT_TRUE(with.server_writes("answer"));
}

} // namespace
} // namespace ferrule::tls
