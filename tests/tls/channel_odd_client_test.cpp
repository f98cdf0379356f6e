// What odd and hostile clients send behind a good handshake, and what the channel makes of it.

#include "tls/channel.hpp"

#include "tls/forger.hpp"
#include "tls/talk.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ferrule::tls {
namespace {

using test::forger;
using test::make_plain_client;
using test::talk;
using test::types_of_records;

constexpr int fatal(int description)
{
    return SSL3_AL_FATAL << 8 | description;
}

/// A conversation of one version, after the handshake.
class conversation {
public:
    explicit conversation(int version) : client_{make_plain_client(version)}
    {
        if (!with.shake_hands())
            ADD_FAILURE() << "no handshake";
        forged.emplace(with);
    }

    /// What the channel reads of forged records that come in one segment. (A list, since the order in
    /// which they are forged counts, and that of operands is not said.)
    std::string reads(std::initializer_list<std::string> records)
    {
        for (const std::string& each : records)
            with.give(each);
        return with.server_reads();
    }

    /// The alert that the channel has put on the wire, as the client reads it; 0 for none.
    int alert()
    {
        with.give_client(with.from_server());
        with.client_reads();
        return std::exchange(with.alert_to_client, 0);
    }

private:
    context server_{test::good_options()};
    test::client_context client_;

public:
    talk with{client_.get(), server_.native()};
    std::optional<forger> forged;
};

class odd_clients : public ::testing::TestWithParam<int>, public conversation {
protected:
    odd_clients() : conversation{GetParam()} {}
};

TEST_P(odd_clients, are_read_as_long_as_they_send_records)
{
    EXPECT_EQ("hello|", reads({forged->data("hello")}));
    EXPECT_EQ("hello|", reads({forged->data("hel"), forged->data(""), forged->data("lo")}));
    std::string records;
    for (int i = 0; i < 10; ++i)
        records += forged->data("");
    EXPECT_EQ("behind|", reads({records, forged->data("behind")}));
}

TEST_P(odd_clients, may_cancel_before_they_say_goodbye)
{
    EXPECT_EQ("requestEND",
              reads({forged->data("request"), forged->alert(SSL3_AL_WARNING, SSL_AD_USER_CANCELLED),
                     forged->close_notify()}))
        << "RFC 8446 6.1";
    EXPECT_TRUE(with.wire.out.empty());
}

TEST_P(odd_clients, fail_by_a_fatal_alert_that_nothing_answers)
{
    EXPECT_EQ("requestFAILED", reads({forged->data("request"),
                                      forged->alert(SSL3_AL_FATAL, SSL_AD_INTERNAL_ERROR)}));
    EXPECT_EQ("tlsv1 alert internal error", with.server().detail());
    EXPECT_TRUE(with.wire.out.empty());
}

TEST_P(odd_clients, fail_by_a_flipped_bit_and_are_told)
{
    const std::string request = forged->data("request");
    std::string broken = forged->data("another");
    broken[broken.size() / 2] = static_cast<char>(broken[broken.size() / 2] ^ 1);
    EXPECT_EQ("requestFAILED", reads({request, broken})) << "what came before was good";
    EXPECT_EQ("decryption failed or bad record mac", with.server().detail());
    EXPECT_EQ(fatal(SSL_AD_BAD_RECORD_MAC), alert());
}

TEST_P(odd_clients, fail_by_a_record_that_was_sent_before)
{
    const std::string record = forged->data("once");
    EXPECT_EQ("onceFAILED", reads({record, record}));
    EXPECT_EQ(fatal(SSL_AD_BAD_RECORD_MAC), alert());
}

TEST_P(odd_clients, fail_by_a_record_of_no_known_type_and_are_told)
{
    EXPECT_EQ("requestFAILED", reads({forged->data("request"), forged->record(99, "?")}));
    EXPECT_EQ(fatal(SSL_AD_UNEXPECTED_MESSAGE), alert());
}

TEST_P(odd_clients, fail_by_a_record_that_is_too_long_as_soon_as_it_says_so)
{
    EXPECT_EQ("requestFAILED", reads({forged->data("request"),
                                      forger::header_of(SSL3_RT_APPLICATION_DATA, 20'000)}));
    EXPECT_EQ(fatal(SSL_AD_RECORD_OVERFLOW), alert());
}

TEST_P(odd_clients, are_told_nothing_more_once_we_have_said_goodbye)
{
    EXPECT_TRUE(with.server().finish());
    with.from_server();
    EXPECT_EQ("requestFAILED", reads({forged->data("request"), forged->record(99, "?")}));
    EXPECT_TRUE(with.wire.out.empty()) << "no alert follows a close_notify";
}

INSTANTIATE_TEST_SUITE_P(tls, odd_clients, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const ::testing::TestParamInfo<int>& version) {
                             return version.param == TLS1_3_VERSION ? "tls13" : "tls12";
                         });

// --- renegotiation (TLS 1.2) ---------------------------------------------------------------------

class renegotiation : public ::testing::Test, public conversation {
protected:
    renegotiation() : conversation{TLS1_2_VERSION} {}

    /// The ClientHello with which an OpenSSL client would begin again.
    static std::string client_hello()
    {
        const auto fresh = make_plain_client(TLS1_2_VERSION);
        context unused{test::good_options()};
        talk with{fresh.get(), unused.native()};
        SSL_do_handshake(with.client());
        return with.from_client().substr(5);
    }
};

TEST_F(renegotiation, is_refused_by_a_warning_and_the_session_goes_on)
{
    const std::string again = client_hello();
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ("|", reads({forged->record(SSL3_RT_HANDSHAKE, again)}));
        EXPECT_EQ((std::vector{SSL3_RT_ALERT}), types_of_records(with.from_server()));
        EXPECT_EQ("data|", reads({forged->data("data")}));
        EXPECT_TRUE(with.wire.out.empty());
    }
    EXPECT_EQ("", with.server().detail());
}

TEST_F(renegotiation, is_refused_by_no_renegotiation)
{
    EXPECT_EQ("data|",
              reads({forged->record(SSL3_RT_HANDSHAKE, client_hello()), forged->data("data")}));
    EXPECT_EQ(SSL3_AL_WARNING << 8 | SSL_AD_NO_RENEGOTIATION, alert());
}

TEST_F(renegotiation, is_not_even_refused_once_we_have_said_goodbye)
{
    EXPECT_TRUE(with.server().finish());
    with.from_server();
    EXPECT_EQ("data|", reads({forged->record(SSL3_RT_HANDSHAKE, client_hello()),
                              forged->data("data")}));
    EXPECT_TRUE(with.wire.out.empty()) << "nothing follows a close_notify";
}

// --- KeyUpdates (TLS 1.3) ------------------------------------------------------------------------

class key_updates : public ::testing::Test, public conversation {
protected:
    key_updates() : conversation{TLS1_3_VERSION} {}

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
