// A client that sends early data (0-RTT), with a ticket from a server that took it: ours skips them
// and goes on (RFC 8446 4.2.10).

#include "tls/context.hpp"

#include "tls/talk.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ferrule::tls {
namespace {

using test::session_ptr;
using test::talk;

class early_data : public ::testing::Test {
protected:
    static context_options with_key(unsigned char byte)
    {
        context_options options = test::good_options();
        options.tickets = {test::ticket_key_of(byte)};
        return options;
    }

    /// What a client has from a server like `options` that takes early data.
    session_ptr session_with(const context_options& options)
    {
        context other{options};
        SSL_CTX_set_max_early_data(other.native(), 1 << 20);
        SSL_CTX_set_options(other.native(), SSL_OP_NO_ANTI_REPLAY);
        talk first{client_.get(), other.native()};
        if (!first.shake_hands() || first.server().write_ticket() != saying::open)
            return nullptr;
        first.give_client(first.from_server());
        first.client_reads();
        SSL_shutdown(first.client()); // OpenSSL does not resume what was broken off
        return session_ptr(SSL_get1_session(first.client()));
    }

    static bool sends_early(talk& with, SSL_SESSION* session, std::size_t size)
    {
        const std::string data(size, 'e');
        std::size_t written = 0;
        return SSL_set_session(with.client(), session) == 1 &&
               SSL_write_early_data(with.client(), data.data(), data.size(), &written) == 1;
    }

    void expect_skipped(talk& with)
    {
        ASSERT_TRUE(with.shake_hands()) << with.server().detail();
        EXPECT_EQ(SSL_EARLY_DATA_REJECTED, SSL_get_early_data_status(with.client()));
        EXPECT_EQ("sent again|", with.server_reads_after("sent again"));
        EXPECT_TRUE(with.server_writes("answer"));
        with.give_client(with.from_server());
        EXPECT_EQ("answer", with.client_reads());
    }

    test::client_context client_ = test::make_plain_client(TLS1_3_VERSION);
};

TEST_F(early_data, are_skipped_if_the_ticket_is_one_of_ours)
{
    const session_ptr session = session_with(with_key(1));
    ASSERT_EQ(1U << 20, SSL_SESSION_get_max_early_data(session.get()));
    context ours{with_key(1)};
    talk with{client_.get(), ours.native()};
    ASSERT_TRUE(sends_early(with, session.get(), 5));
    expect_skipped(with);
    EXPECT_TRUE(with.server().agreed().resumed);
}

TEST_F(early_data, are_skipped_if_the_ticket_is_of_another_server)
{
    const session_ptr session = session_with(with_key(1));
    context ours{with_key(2)};
    talk with{client_.get(), ours.native()};
    ASSERT_TRUE(sends_early(with, session.get(), 16384));
    expect_skipped(with);
    EXPECT_FALSE(with.server().agreed().resumed);
}

TEST_F(early_data, are_skipped_if_we_ask_for_another_hello)
{
    const session_ptr session = session_with(test::good_options());
    context_options options = test::good_options();
    options.groups = "P-384"; // which the client has not guessed
    context ours{options};
    talk with{client_.get(), ours.native()};
    ASSERT_TRUE(sends_early(with, session.get(), 5));
    expect_skipped(with);
}

TEST_F(early_data, are_skipped_up_to_64_kilobytes)
{
    const session_ptr session = session_with(test::good_options());
    context ours{test::good_options()};
    talk less{client_.get(), ours.native()};
    ASSERT_TRUE(sends_early(less, session.get(), 60'000));
    expect_skipped(less);
    talk more{client_.get(), ours.native()};
    ASSERT_TRUE(sends_early(more, session.get(), 70'000));
    EXPECT_FALSE(more.shake_hands());
    EXPECT_EQ("too much early data", more.server().detail());
}

TEST_F(early_data, are_not_offered_by_our_tickets)
{
    context ours{test::good_options()};
    talk first{client_.get(), ours.native()};
    ASSERT_TRUE(first.shake_hands());
    ASSERT_EQ(saying::open, first.server().write_ticket());
    first.give_client(first.from_server());
    first.client_reads();
    const session_ptr session{SSL_get1_session(first.client())};
    EXPECT_EQ(0U, SSL_SESSION_get_max_early_data(session.get()));
}

} // namespace
} // namespace ferrule::tls
