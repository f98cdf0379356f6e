#include "tls/context.hpp"

#include "tls/conversation.hpp"
#include "tls/good_options.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace {

using ferrule::test::conversation;
using ferrule::test::good_options;
using ferrule::test::make_client;
using ferrule::test::session_ptr;
using ferrule::tls::context;

/// A session of `first`, offered to `second`; nullopt if a handshake failed.
std::optional<bool> is_resumed(const context& first, const context& second, int version)
{
    const auto client = make_client(version, version);
    conversation one(client.get(), first.native());
    if (!one.shake_hands())
        return std::nullopt;
    const session_ptr session(SSL_get1_session(one.client()));
    // A session whose connection was never shut down is not resumable (RFC 5246 7.2.1).
    SSL_shutdown(one.client());
    conversation two(client.get(), second.native());
    SSL_set_session(two.client(), session.get());
    if (!two.shake_hands())
        return std::nullopt;
    return SSL_session_reused(two.client()) == 1;
}

TEST(tls_tickets, resumes_sessions_of_another_context_with_the_same_key)
{
    const context first(good_options());
    const context second(good_options());
    EXPECT_EQ(true, is_resumed(first, second, TLS1_2_VERSION));
    EXPECT_EQ(true, is_resumed(first, second, TLS1_3_VERSION));
}

TEST(tls_tickets, makes_a_full_handshake_for_a_ticket_of_another_key)
{
    const context first(good_options());
    auto options = good_options();
    options.tickets.fill(8);
    const context second(options);
    EXPECT_EQ(false, is_resumed(first, second, TLS1_2_VERSION));
    EXPECT_EQ(false, is_resumed(first, second, TLS1_3_VERSION));
}

TEST(tls_tickets, makes_a_full_handshake_for_a_ticket_of_another_listener)
{
    const context first(good_options());
    auto options = good_options();
    options.session_id_context = "mail";
    const context second(options);
    EXPECT_EQ(false, is_resumed(first, second, TLS1_2_VERSION));
    EXPECT_EQ(false, is_resumed(first, second, TLS1_3_VERSION));
}

TEST(tls_tickets, never_uses_a_ticket_key_that_nobody_has_set)
{
    auto options = good_options();
    options.tickets.fill(0);
    const context first(options);
    const context second(options);
    EXPECT_EQ(true, is_resumed(first, first, TLS1_3_VERSION));
    EXPECT_EQ(false, is_resumed(first, second, TLS1_3_VERSION));
}

TEST(tls_tickets, makes_ticket_keys_that_differ)
{
    const auto key = ferrule::tls::make_ticket_key();
    EXPECT_NE(ferrule::tls::ticket_key{}, key);
    EXPECT_NE(ferrule::tls::make_ticket_key(), key);
}

TEST(tls_tickets, sends_one_ticket)
{
    const context server(good_options());
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const auto client = make_client(version, version);
        conversation talk(client.get(), server.native());
        ASSERT_TRUE(talk.shake_hands());
        EXPECT_EQ(1, talk.tickets);
    }
}

TEST(tls_tickets, allows_no_early_data)
{
    const context server(good_options());
    const auto client = make_client();
    conversation talk(client.get(), server.native());
    ASSERT_TRUE(talk.shake_hands());
    const session_ptr session(SSL_get1_session(talk.client()));
    ASSERT_EQ(1, SSL_SESSION_is_resumable(session.get()));
    EXPECT_EQ(0U, SSL_SESSION_get_max_early_data(session.get()));

    SSL_SESSION_set_max_early_data(session.get(), 1000); // a client that tries all the same
    conversation eager(client.get(), server.native());
    SSL_set_session(eager.client(), session.get());
    std::size_t written = 0;
    ASSERT_EQ(1, SSL_write_early_data(eager.client(), "GET", 3, &written));
    eager.shake_hands();
    EXPECT_EQ(SSL_EARLY_DATA_REJECTED, SSL_get_early_data_status(eager.server()));
    EXPECT_EQ("", eager.read(eager.server()));
}

} // namespace
