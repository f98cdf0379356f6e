// Whatever the client has sent, and whatever was called before: every verb of a channel answers.

#include "tls/channel.hpp"

#include "tls/forged_talk.hpp"

#include <gtest/gtest.h>

#include <algorithm>
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

std::string name_of(const ::testing::TestParamInfo<int>& version)
{
    return version.param == TLS1_3_VERSION ? "tls13" : "tls12";
}

/// A handshake message is begun by the client, and then something else happens.
class half_messages : public ::testing::TestWithParam<int>, public forged_talk {
protected:
    half_messages() : forged_talk{GetParam()} {}

    bool is_tls13() const { return GetParam() == TLS1_3_VERSION; }

    /// The first bytes of a KeyUpdate, or of a ClientHello that asks for a renegotiation.
    std::string begin(std::size_t size = 4)
    {
        const std::string message =
            is_tls13() ? std::string("\x18\0\0\1", 4) : std::string("\1\0\0\xc0\3\3", 6);
        return forged->record(SSL3_RT_HANDSHAKE, message.substr(0, size));
    }

    /// In TLS 1.2 OpenSSL can be made to say this much.
    int alert_of_ours() const
    {
        return fatal(is_tls13() ? SSL_AD_UNEXPECTED_MESSAGE : SSL_AD_RECORD_OVERFLOW);
    }

    void expect_a_dead_channel()
    {
        EXPECT_EQ(saying::failed, with.server().state());
        EXPECT_EQ("FAILED", with.server_reads());
        EXPECT_EQ("FAILED", reads({forged->data("more")}));
        EXPECT_EQ(handshake_progress::failed, with.server().handshake());
        EXPECT_EQ(saying::failed, with.server_says("more"));
        EXPECT_EQ(saying::failed, with.server().write_ticket());
        EXPECT_EQ(saying::failed, with.server().finish());
        EXPECT_FALSE(with.server().agreed().version.empty());
        EXPECT_TRUE(with.wire.out.empty()) << "nothing follows a fatal alert";
    }
};

TEST_P(half_messages, fail_at_a_close_notify_and_are_told)
{
    for (std::size_t size = 1; size <= 4; ++size) {
        SCOPED_TRACE(size);
        half_messages::forged_talk again{GetParam()};
        const std::string message(is_tls13() ? "\x18\0\0\1" : "\1\0\0\xc0", 4);
        EXPECT_EQ("requestFAILED",
                  again.reads({again.forged->data("request"),
                               again.forged->record(SSL3_RT_HANDSHAKE, message.substr(0, size)),
                               again.forged->close_notify()}))
            << "RFC 8446 5.1";
        EXPECT_TRUE(again.with.server().was_alerted());
        EXPECT_NE(0, again.alert());
    }
}

TEST_P(half_messages, fail_at_a_close_notify_that_comes_later)
{
    EXPECT_EQ("|", reads({begin()}));
    EXPECT_TRUE(with.server().has_begun_message());
    EXPECT_EQ(saying::mute, with.server().state());
    EXPECT_EQ("FAILED", reads({forged->close_notify()}));
    EXPECT_EQ("close_notify in the middle of a handshake message", with.server().detail());
    EXPECT_TRUE(with.server().was_alerted());
    EXPECT_EQ(alert_of_ours(), alert());
    expect_a_dead_channel();
}

TEST_P(half_messages, fail_if_we_have_to_write_and_are_told)
{
    EXPECT_EQ("request|", reads({forged->data("request"), begin()}));
    EXPECT_EQ(saying::failed, with.server_says("answer"));
    EXPECT_EQ("half a handshake message is in the way", with.server().detail());
    EXPECT_TRUE(with.server().was_alerted());
    EXPECT_EQ(alert_of_ours(), alert());
    expect_a_dead_channel();
}

TEST_P(half_messages, fail_if_we_have_to_say_goodbye_and_are_told)
{
    EXPECT_EQ("|", reads({begin()}));
    EXPECT_EQ(saying::failed, with.server().finish());
    EXPECT_EQ(alert_of_ours(), alert()) << "and no close_notify";
    expect_a_dead_channel();
}

TEST_P(half_messages, fail_behind_a_goodbye_of_ours_without_a_word)
{
    EXPECT_TRUE(with.server_finishes());
    with.from_server();
    EXPECT_EQ("FAILED", reads({begin(), forged->close_notify()}));
    EXPECT_FALSE(with.server().was_alerted());
    EXPECT_TRUE(with.wire.out.empty());
}

TEST_P(half_messages, fail_at_a_close_notify_if_our_goodbye_came_between)
{
    // Of one to three bytes OpenSSL makes nothing yet, so that it can say close_notify.
    for (std::size_t size = 1; size <= 3; ++size) {
        SCOPED_TRACE(size);
        forged_talk again{GetParam()};
        const std::string message(is_tls13() ? "\x18\0\0\1" : "\1\0\0\xc0", 4);
        EXPECT_EQ("|",
                  again.reads({again.forged->record(SSL3_RT_HANDSHAKE, message.substr(0, size))}));
        EXPECT_NE(saying::open, again.with.server().finish());
        EXPECT_EQ("FAILED", again.reads({again.forged->close_notify()}));
        EXPECT_EQ(saying::failed, again.with.server().state());
    }
}

TEST_P(half_messages, fail_with_an_alert_in_the_middle_of_a_record)
{
    const std::size_t whole = forged->data("unfinished").size();
    for (std::size_t size = 1; size < whole; ++size) {
        SCOPED_TRACE(size);
        forged_talk again{GetParam()};
        const std::string message(is_tls13() ? "\x18\0\0\1" : "\1\0\0\xc0", 4);
        const std::string begun = again.forged->record(SSL3_RT_HANDSHAKE, message);
        EXPECT_EQ("|", again.reads({begun, again.forged->data("unfinished").substr(0, size)}));
        EXPECT_EQ(size, again.with.server().unfinished());
        EXPECT_EQ(saying::failed, again.with.server_says("answer"));
        EXPECT_TRUE(again.with.server().was_alerted());
        EXPECT_NE(0, again.alert());
    }
}

INSTANTIATE_TEST_SUITE_P(tls, half_messages, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         name_of);

// --- every verb in every state -------------------------------------------------------------------

class every_verb : public ::testing::TestWithParam<int> {
protected:
    context server_{test::good_options()};
    test::client_context client_ = test::make_plain_client(GetParam());
    test::talk talk_{client_.get(), server_.native()};
};

TEST_P(every_verb, answers_before_the_handshake_and_says_nothing)
{
    EXPECT_EQ(saying::mute, talk_.server().state());
    EXPECT_EQ("|", talk_.server_reads());
    EXPECT_EQ(saying::mute, talk_.server_says("too early"));
    EXPECT_EQ(saying::mute, talk_.server().write_ticket());
    EXPECT_EQ(saying::mute, talk_.server().finish());
    EXPECT_TRUE(talk_.wire.out.empty());
    EXPECT_TRUE(talk_.shake_hands()) << "nothing was spoilt";
}

TEST_P(every_verb, answers_after_a_handshake_that_failed)
{
    talk_.give("no TLS");
    ASSERT_EQ(handshake_progress::failed, talk_.server().handshake());
    talk_.from_server();
    EXPECT_EQ(handshake_progress::failed, talk_.server().handshake());
    EXPECT_EQ("FAILED", talk_.server_reads());
    EXPECT_EQ(saying::failed, talk_.server_says("more"));
    EXPECT_EQ(saying::failed, talk_.server().write_ticket());
    EXPECT_EQ(saying::failed, talk_.server().finish());
    EXPECT_TRUE(talk_.wire.out.empty());
}

TEST_P(every_verb, answers_after_our_goodbye_and_says_nothing)
{
    ASSERT_TRUE(talk_.shake_hands());
    EXPECT_EQ(saying::open, talk_.server().state());
    EXPECT_EQ(saying::finished, talk_.server().finish());
    talk_.from_server();
    EXPECT_EQ(saying::finished, talk_.server().state());
    EXPECT_EQ(saying::finished, talk_.server().finish());
    EXPECT_EQ(saying::finished, talk_.server_says("more"));
    EXPECT_EQ(saying::finished, talk_.server().write_ticket());
    EXPECT_EQ(handshake_progress::done, talk_.server().handshake());
    EXPECT_TRUE(talk_.wire.out.empty());
    EXPECT_EQ("an upload|", talk_.server_reads_after("an upload"));
}

TEST_P(every_verb, answers_after_the_goodbye_of_the_client)
{
    ASSERT_TRUE(talk_.shake_hands());
    SSL_shutdown(talk_.client());
    talk_.give(talk_.from_client());
    EXPECT_EQ("END", talk_.server_reads());
    EXPECT_EQ("END", talk_.server_reads());
    EXPECT_EQ(handshake_progress::done, talk_.server().handshake());
    EXPECT_EQ(saying::open, talk_.server().state());
    EXPECT_TRUE(talk_.server_writes("answer"));
    EXPECT_TRUE(talk_.server_finishes());
}

TEST_P(every_verb, answers_without_memory_for_a_session)
{
    tls::wire wire;
    channel none{nullptr, wire};
    std::byte room{};
    EXPECT_FALSE(none.is_usable());
    EXPECT_EQ(handshake_progress::failed, none.handshake());
    EXPECT_EQ(read_progress::failed, none.read({&room, 1}).progress);
    EXPECT_EQ(saying::failed, none.write({&room, 1}));
    EXPECT_EQ(saying::failed, none.write_ticket());
    EXPECT_EQ(saying::failed, none.finish());
    EXPECT_FALSE(none.has_begun_message());
    EXPECT_TRUE(none.agreed().sni.empty());
}

INSTANTIATE_TEST_SUITE_P(tls, every_verb, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         name_of);

// --- ciphertext that never became plaintext ------------------------------------------------------

class ciphertext : public ::testing::TestWithParam<int>, public forged_talk {
protected:
    ciphertext() : forged_talk{GetParam()} {}
};

TEST_P(ciphertext, is_unfinished_in_the_middle_of_a_record)
{
    EXPECT_EQ(0U, with.server().unfinished());
    const std::string record = forged->data("a record");
    for (std::size_t i = 0; i + 1 < record.size(); ++i) {
        EXPECT_EQ("|", reads({record.substr(i, 1)}));
        ASSERT_EQ(i + 1, with.server().unfinished());
    }
    EXPECT_EQ("a record|", reads({record.substr(record.size() - 1)}));
    EXPECT_EQ(0U, with.server().unfinished());
}

TEST_P(ciphertext, is_unfinished_if_it_does_not_decrypt)
{
    std::string broken = forged->data("another");
    broken.back() = static_cast<char>(broken.back() ^ 1);
    EXPECT_EQ("FAILED", reads({broken, "and what stands behind it"}));
    EXPECT_EQ(broken.size(), with.server().unfinished());
    EXPECT_EQ(25U, with.wire.in.size()) << "is the caller's to count";
}

TEST_P(ciphertext, behind_a_close_notify_is_left_on_the_wire)
{
    EXPECT_EQ("requestEND", reads({forged->data("request"), forged->close_notify(), "behind it"}));
    EXPECT_EQ(0U, with.server().unfinished());
    EXPECT_EQ(9U, with.wire.in.size());
}

INSTANTIATE_TEST_SUITE_P(tls, ciphertext, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         name_of);

} // namespace
} // namespace ferrule::tls
