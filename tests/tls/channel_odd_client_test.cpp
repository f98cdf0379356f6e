// What odd and hostile clients send behind a good handshake, and what the channel makes of it.
// KeyUpdates are in channel_key_update_test.cpp.

#include "tls/channel.hpp"

#include "tls/forged_talk.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ferrule::tls {
namespace {

using test::forged_talk;
using test::forger;
using test::types_of_records;

constexpr int fatal(int description)
{
    return SSL3_AL_FATAL << 8 | description;
}

class odd_clients : public ::testing::TestWithParam<int>, public forged_talk {
protected:
    odd_clients() : forged_talk{GetParam()} {}
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
    EXPECT_TRUE(with.server_finishes());
    with.from_server();
    EXPECT_EQ("requestFAILED", reads({forged->data("request"), forged->record(99, "?")}));
    EXPECT_TRUE(with.wire.out.empty()) << "no alert follows a close_notify";
}

INSTANTIATE_TEST_SUITE_P(tls, odd_clients, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const ::testing::TestParamInfo<int>& version) {
                             return version.param == TLS1_3_VERSION ? "tls13" : "tls12";
                         });

// --- renegotiation (TLS 1.2) ---------------------------------------------------------------------

class renegotiation : public ::testing::Test, public forged_talk {
protected:
    renegotiation() : forged_talk{TLS1_2_VERSION} {}

    /// The ClientHello with which an OpenSSL client would begin again.
    static std::string client_hello()
    {
        const auto fresh = test::make_plain_client(TLS1_2_VERSION);
        context unused{test::good_options()};
        test::talk with{fresh.get(), unused.native()};
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
    EXPECT_TRUE(with.server_finishes());
    with.from_server();
    EXPECT_EQ("data|",
              reads({forged->record(SSL3_RT_HANDSHAKE, client_hello()), forged->data("data")}));
    EXPECT_TRUE(with.wire.out.empty()) << "nothing follows a close_notify";
}

} // namespace
} // namespace ferrule::tls
