#include "tls/context.hpp"

#include "tls/conversation.hpp"
#include "tls/good_options.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

using ferrule::test::conversation;
using ferrule::test::good_options;
using ferrule::test::make_client;
using ferrule::test::session_ptr;
using ferrule::test::ticket_key_of;
using ferrule::tls::context;
using ferrule::tls::context_options;

/// How a server takes a session.
struct answer {
    bool resumed = false;
    int tickets = 0; ///< that it sent
    session_ptr session;
};

/// A handshake with `server`, to which `session` is offered if there is one; nullopt if it failed.
std::optional<answer> visit(const context& server, int version, SSL_SESSION* session = nullptr)
{
    const auto client = make_client(version, version);
    conversation talk(client.get(), server.native());
    if (session != nullptr)
        SSL_set_session(talk.client(), session);
    if (!talk.shake_hands())
        return std::nullopt;
    answer result{SSL_session_reused(talk.client()) == 1, talk.tickets,
                  session_ptr(SSL_get1_session(talk.client()))};
    // A session whose connection was never shut down is not resumable (RFC 5246 7.2.1).
    SSL_shutdown(talk.client());
    return result;
}

/// A session of `first`, offered to `second`; nullopt if a handshake failed.
std::optional<bool> is_resumed(const context& first, const context& second, int version)
{
    const auto one = visit(first, version);
    if (!one)
        return std::nullopt;
    const auto two = visit(second, version, one->session.get());
    return two ? std::optional(two->resumed) : std::nullopt;
}

context_options options_with_keys(std::initializer_list<unsigned char> bytes)
{
    context_options options = good_options();
    options.tickets.clear();
    for (const unsigned char byte : bytes)
        options.tickets.push_back(ticket_key_of(byte));
    return options;
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
    const context second(options_with_keys({8}));
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
    const context first(options_with_keys({}));
    const context second(options_with_keys({}));
    EXPECT_EQ(true, is_resumed(first, first, TLS1_3_VERSION));
    EXPECT_EQ(false, is_resumed(first, second, TLS1_3_VERSION));
}

TEST(tls_tickets, makes_ticket_keys_that_differ)
{
    const auto key = ferrule::tls::make_ticket_key();
    EXPECT_NE(ferrule::tls::ticket_key{}, key);
    EXPECT_NE(ferrule::tls::make_ticket_key(), key);
}

TEST(tls_tickets, takes_tickets_of_every_key_and_makes_them_with_the_first)
{
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const context old(options_with_keys({1}));
        const context prepared(options_with_keys({1, 2}));
        const context rotated(options_with_keys({2, 1}));
        const context fresh(options_with_keys({3, 2}));
        EXPECT_EQ(true, is_resumed(old, prepared, version));
        EXPECT_EQ(true, is_resumed(prepared, old, version)) << "the first key is still the old one";
        EXPECT_EQ(true, is_resumed(old, rotated, version));
        EXPECT_EQ(true, is_resumed(rotated, prepared, version));
        EXPECT_EQ(false, is_resumed(rotated, old, version));
        EXPECT_EQ(true, is_resumed(rotated, fresh, version));
        EXPECT_EQ(false, is_resumed(old, fresh, version));
    }
}

TEST(tls_tickets, renews_a_ticket_of_another_key_than_the_first)
{
    const context old(options_with_keys({1}));
    const context rotated(options_with_keys({2, 1}));
    const context fresh(options_with_keys({2}));
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const auto first = visit(old, version);
        ASSERT_TRUE(first);
        const auto second = visit(rotated, version, first->session.get());
        ASSERT_TRUE(second);
        EXPECT_TRUE(second->resumed);
        EXPECT_EQ(second->tickets, 1);
        const auto third = visit(fresh, version, second->session.get());
        ASSERT_TRUE(third);
        EXPECT_TRUE(third->resumed);
    }
}

TEST(tls_tickets, keeps_a_ticket_of_the_first_key_but_in_tls_1_3)
{
    const context server(options_with_keys({1, 2}));
    for (const auto& [version, tickets] : {std::pair{TLS1_2_VERSION, 0}, {TLS1_3_VERSION, 1}}) {
        const auto first = visit(server, version);
        ASSERT_TRUE(first);
        const auto second = visit(server, version, first->session.get());
        ASSERT_TRUE(second);
        EXPECT_TRUE(second->resumed);
        EXPECT_EQ(second->tickets, tickets);
    }
}

/// The session as its client keeps it, with one byte of its ticket flipped.
session_ptr tampered(SSL_SESSION* session, std::size_t at)
{
    const unsigned char* ticket = nullptr;
    std::size_t size = 0;
    SSL_SESSION_get0_ticket(session, &ticket, &size);
    std::vector<unsigned char> bytes(static_cast<std::size_t>(i2d_SSL_SESSION(session, nullptr)));
    unsigned char* end = bytes.data();
    i2d_SSL_SESSION(session, &end);
    const auto found = std::search(bytes.begin(), bytes.end(), ticket, ticket + size);
    EXPECT_NE(found, bytes.end());
    found[static_cast<std::ptrdiff_t>(at % size)] ^= 1U;
    const unsigned char* begin = bytes.data();
    return session_ptr(d2i_SSL_SESSION(nullptr, &begin, static_cast<long>(bytes.size())));
}

TEST(tls_tickets, makes_a_full_handshake_for_a_ticket_that_was_tampered_with)
{
    const context server(options_with_keys({1, 2}));
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const auto first = visit(server, version);
        ASSERT_TRUE(first);
        const unsigned char* ticket = nullptr;
        std::size_t size = 0;
        SSL_SESSION_get0_ticket(first->session.get(), &ticket, &size);
        // Name, IV, the encrypted state, and the MAC.
        for (const std::size_t at : {std::size_t{0}, std::size_t{16}, std::size_t{40}, size - 1}) {
            const auto second = visit(server, version, tampered(first->session.get(), at).get());
            ASSERT_TRUE(second) << at;
            EXPECT_FALSE(second->resumed) << at;
        }
        const auto untouched = visit(server, version, first->session.get());
        ASSERT_TRUE(untouched);
        EXPECT_TRUE(untouched->resumed);
    }
}

TEST(tls_tickets, begins_each_ticket_with_the_keys_name_and_an_iv_of_its_own)
{
    const context server(options_with_keys({1}));
    std::set<std::string> ivs;
    for (int i = 0; i < 4; ++i) {
        const auto seen = visit(server, TLS1_2_VERSION);
        ASSERT_TRUE(seen);
        const unsigned char* ticket = nullptr;
        std::size_t size = 0;
        SSL_SESSION_get0_ticket(seen->session.get(), &ticket, &size);
        ASSERT_GT(size, 32U);
        EXPECT_EQ(std::string(ticket, ticket + 16), std::string(16, '\1'));
        ivs.insert(std::string(ticket + 16, ticket + 32));
    }
    EXPECT_EQ(ivs.size(), 4U);
}

TEST(tls_tickets, are_good_for_two_hours)
{
    const context server(good_options());
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const auto seen = visit(server, version);
        ASSERT_TRUE(seen);
        EXPECT_EQ(SSL_SESSION_get_ticket_lifetime_hint(seen->session.get()), 7200UL)
            << "docs/operations.md says so";
    }
}

TEST(tls_tickets, keeps_the_keys_while_a_handshake_needs_them)
{
    auto server = std::make_optional<context>(options_with_keys({1}));
    const auto first = visit(*server, TLS1_3_VERSION);
    ASSERT_TRUE(first);
    const auto client = make_client();
    conversation talk(client.get(), server->native());
    SSL_set_session(talk.client(), first->session.get());
    server.reset(); // a reload replaces it
    EXPECT_TRUE(talk.shake_hands());
    EXPECT_EQ(SSL_session_reused(talk.client()), 1);
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
