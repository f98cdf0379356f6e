// What a channel knows of its session, and handshakes that carry data behind them.

#include "tls/channel.hpp"

#include "tls/talk.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ferrule::tls {
namespace {

using test::make_plain_client;
using test::talk;

class channel_facts : public ::testing::TestWithParam<int> {
protected:
    channel_facts()
    {
        context_options options = test::good_options();
        options.alpn = {"h2", "http/1.1"};
        server_ = std::make_unique<context>(options);
        SSL_CTX_set_session_cache_mode(client_.get(), SSL_SESS_CACHE_CLIENT);
        SSL_CTX_sess_set_new_cb(client_.get(), [](SSL* who, SSL_SESSION* made) {
            *static_cast<test::session_ptr*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(who))) =
                test::session_ptr(made);
            return 1;
        });
        SSL_CTX_set_app_data(client_.get(), &session_);
    }

    bool is_tls13() const { return GetParam() == TLS1_3_VERSION; }

    /// A client that asks for www.example.org and HTTP/1.1, and may have been there before.
    std::unique_ptr<talk> visit(bool again)
    {
        auto made = std::make_unique<talk>(client_.get(), server_->native());
        SSL_set_tlsext_host_name(made->client(), "www.example.org");
        static constexpr unsigned char http[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
        SSL_set_alpn_protos(made->client(), http, sizeof(http));
        if (again)
            SSL_set_session(made->client(), session_.get());
        return made;
    }

    void check(const talk& with, bool resumed)
    {
        const agreement known = const_cast<talk&>(with).server().agreed();
        EXPECT_EQ(is_tls13() ? "TLSv1.3" : "TLSv1.2", known.version);
        EXPECT_EQ(is_tls13(), known.is_tls13);
        EXPECT_EQ(is_tls13() ? "TLS_AES_128_GCM_SHA256" : "ECDHE-ECDSA-AES128-GCM-SHA256",
                  known.cipher);
        EXPECT_EQ("www.example.org", known.sni);
        EXPECT_EQ("http/1.1", known.alpn);
        EXPECT_EQ(resumed, known.resumed);
    }

    std::unique_ptr<context> server_;
    test::session_ptr session_;
    test::client_context client_ = make_plain_client(GetParam());
};

TEST_P(channel_facts, are_those_of_the_handshake)
{
    const auto first = visit(false);
    ASSERT_TRUE(first->shake_hands());
    check(*first, false);
}

TEST_P(channel_facts, are_those_of_a_resumed_session_too)
{
    const auto first = visit(false);
    ASSERT_TRUE(first->shake_hands());
    if (is_tls13()) {
        ASSERT_EQ(saying::open, first->server().write_ticket());
    }
    first->give_client(first->from_server());
    EXPECT_EQ("", first->client_reads());
    ASSERT_TRUE(first->server_finishes());
    ASSERT_NE(nullptr, session_);
    const auto second = visit(true);
    ASSERT_TRUE(second->shake_hands());
    check(*second, true);
}

TEST_P(channel_facts, come_with_one_ticket_when_it_is_asked_for)
{
    const auto first = visit(false);
    ASSERT_TRUE(first->shake_hands());
    EXPECT_EQ(session_ != nullptr, !is_tls13()) << "TLS 1.2 has it in the handshake";
    EXPECT_EQ(is_tls13(), first->server().owes_ticket());
    if (!is_tls13())
        return;
    ASSERT_EQ(saying::open, first->server().write_ticket());
    EXPECT_FALSE(first->server().owes_ticket());
    ASSERT_TRUE(first->server_writes("one"));
    first->give_client(first->from_server());
    EXPECT_EQ("one", first->client_reads());
    EXPECT_NE(nullptr, session_);
    session_.reset();
    ASSERT_TRUE(first->server_writes("two"));
    first->give_client(first->from_server());
    EXPECT_EQ("two", first->client_reads());
    EXPECT_EQ(nullptr, session_) << "and no second one";
    EXPECT_EQ("three|", first->server_reads_after("three"));
}

TEST_P(channel_facts, come_without_a_ticket_if_there_is_no_data)
{
    const auto first = visit(false);
    ASSERT_TRUE(first->shake_hands());
    session_.reset();
    ASSERT_TRUE(first->server_finishes());
    first->give_client(first->from_server());
    EXPECT_EQ("END", first->client_reads());
    EXPECT_EQ(nullptr, session_);
}

TEST_P(channel_facts, stay_after_the_end)
{
    const auto first = visit(false);
    ASSERT_TRUE(first->shake_hands());
    first->give("what is no record");
    ASSERT_EQ("FAILED", first->server_reads());
    check(*first, false);
}

TEST_P(channel_facts, are_empty_before_the_handshake_is_done)
{
    const auto first = visit(false);
    agreement known = first->server().agreed();
    EXPECT_EQ("", known.version);
    EXPECT_EQ("", known.cipher);
    EXPECT_EQ("", known.sni);
    EXPECT_EQ("", known.alpn);
    EXPECT_FALSE(known.resumed);

    SSL_do_handshake(first->client());
    first->give(first->from_client());
    ASSERT_EQ(handshake_progress::blocked, first->server().handshake());
    known = first->server().agreed();
    EXPECT_EQ("", known.version) << "nothing is agreed on before the Finished";
    EXPECT_EQ("", known.cipher);
    EXPECT_EQ("www.example.org", known.sni);
}

TEST_P(channel_facts, are_empty_for_what_the_client_did_not_ask)
{
    talk plain{client_.get(), server_->native()};
    ASSERT_TRUE(plain.shake_hands());
    EXPECT_EQ("", plain.server().agreed().sni);
    EXPECT_EQ("", plain.server().agreed().alpn);
}

// --- data behind the handshake -------------------------------------------------------------------

TEST_P(channel_facts, data_behind_the_clients_finished_stays_on_the_wire)
{
    // In TLS 1.2 the client's Finished is the last message of a resumed handshake only.
    const auto first = visit(false);
    ASSERT_TRUE(first->shake_hands());
    const auto with = visit(true);
    ASSERT_TRUE(with->shake_hands("early bird"));
    EXPECT_FALSE(with->wire.in.empty());
    EXPECT_EQ("early bird|", with->server_reads());
    EXPECT_TRUE(with->wire.in.empty());
}

TEST_P(channel_facts, a_channel_outlives_the_context_that_it_was_made_from)
{
    const auto first = visit(false);
    server_.reset();
    ASSERT_TRUE(first->shake_hands());
    EXPECT_EQ("hello|", first->server_reads_after("hello"));
    check(*first, false);
}

INSTANTIATE_TEST_SUITE_P(tls, channel_facts, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const ::testing::TestParamInfo<int>& version) {
                             return version.param == TLS1_3_VERSION ? "tls13" : "tls12";
                         });

} // namespace
} // namespace ferrule::tls
