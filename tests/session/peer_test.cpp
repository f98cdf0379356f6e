// One plain peer on a real socket. TLS peers meet real clients in the tests of whole sessions.

#include "session/parts.hpp"

namespace ferrule::session {
namespace {

using test::session_parts;
using test::text_of;

constexpr std::size_t most = 64 * 1024;

std::span<const std::byte> bytes_of(std::string_view text)
{
    return std::as_bytes(std::span{text});
}

struct plain_peer : session_parts {
    plain_peer() { connect_both(4096); }

    /// Writes until the kernel takes no more.
    void fill()
    {
        const std::string block(most, 'x');
        handed last = handed::over;
        for (int i = 0; i < 100 && last == handed::over; ++i)
            last = it.write(bytes_of(block));
        ASSERT_EQ(handed::kept, last);
        ASSERT_LT(0U, it.unsent());
    }

    /// Reads everything at the far end, and lets the peer go on.
    void drain()
    {
        ASSERT_TRUE(test::comes_true([&] {
            while (backend_.waiting() > 0)
                backend_.receive();
            events_.collect();
            return it.flush() == handed::over;
        }));
    }

    /// Reads on, until the kernel holds nothing more. False if that never comes.
    bool is_acknowledged()
    {
        return test::comes_true([&] {
            while (backend_.waiting() > 0)
                backend_.receive();
            return it.socket().unacknowledged() == 0;
        });
    }

    peer& it = backend_peer();
};

TEST_F(plain_peer, reads_bytes_and_takes_a_fin_for_a_clean_end)
{
    backend_.send("answer");
    backend_.finish();
    ASSERT_TRUE(until([&] { return it.socket().is_readable() && it.socket().has_hung_up(); }));
    const taken got = it.read(most);
    EXPECT_EQ("answer", text_of(got.bytes));
    EXPECT_EQ(std::nullopt, got.end) << "bytes first";
    EXPECT_EQ(std::optional{ending::source::clean}, it.read(most).end);
}

TEST_F(plain_peer, reads_a_reset_as_one)
{
    backend_.reset();
    ASSERT_TRUE(until([&] { return it.socket().has_failed(); }));
    EXPECT_EQ(std::optional{ending::source::reset}, it.read(most).end);
}

TEST_F(plain_peer, keeps_what_its_kernel_does_not_take_and_its_goodbye_behind_that)
{
    fill();
    EXPECT_EQ(handed::kept, it.finish());
    EXPECT_FALSE(it.is_handed_over());
    EXPECT_TRUE(it.missing().goodbye);
    drain();
    EXPECT_TRUE(it.is_handed_over());
    EXPECT_EQ('x', backend_.receive_all().back()) << "the FIN stands behind all bytes";
}

TEST_F(plain_peer, tells_what_did_not_arrive)
{
    fill();
    const shortfall missing = it.missing();
    EXPECT_EQ(it.unsent(), missing.unsent);
    EXPECT_LT(0U, missing.in_kernel);
    EXPECT_FALSE(missing.goodbye) << "none is due";
    drain();
    ASSERT_TRUE(is_acknowledged());
    EXPECT_EQ(0U, it.missing().unsent);
    EXPECT_EQ(0U, it.missing().in_kernel);
}

TEST_F(plain_peer, takes_a_smaller_queue_in_its_kernel_for_progress)
{
    fill();
    EXPECT_FALSE(it.look_for_acknowledgement(true).is_more) << "nothing to compare with yet";
    EXPECT_FALSE(it.look_for_acknowledgement(true).is_more);
    ASSERT_TRUE(test::comes_true([&] {
        backend_.receive();
        return it.look_for_acknowledgement(true).is_more;
    }));
    EXPECT_FALSE(it.look_for_acknowledgement(true).is_whole);
    it.look_for_acknowledgement(false);
    drain();
    ASSERT_TRUE(is_acknowledged());
    const acknowledgement last = it.look_for_acknowledgement(true);
    EXPECT_TRUE(last.is_whole);
    EXPECT_FALSE(last.is_more) << "what waited before it was asked for is forgotten";
}

TEST_F(plain_peer, that_is_gone_takes_nothing_and_loses_what_waits)
{
    fill();
    backend_.reset();
    ASSERT_TRUE(until([&] { return it.socket().has_failed(); }));
    EXPECT_EQ(handed::broken, it.flush());
    EXPECT_LT(0U, it.missing().unsent);
}

TEST_F(plain_peer, resets_what_it_aborts)
{
    it.write(bytes_of("half of it"));
    it.abort();
    EXPECT_FALSE(it.socket().is_open());
    EXPECT_EQ("half of it", backend_.receive().substr(0, 10));
    EXPECT_EQ("RST", backend_.receive());
}

TEST_F(plain_peer, has_no_words_of_tls)
{
    EXPECT_EQ(nullptr, it.transport().tls());
    EXPECT_FALSE(it.was_alerted());
    EXPECT_FALSE(it.transport().is_amid_record());
    EXPECT_FALSE(it.transport().has_early_bytes());
    EXPECT_EQ(0U, it.transport().undecrypted());
    EXPECT_EQ(0U, it.unsent_answers());
    EXPECT_EQ(std::nullopt, it.trouble());
}

} // namespace
} // namespace ferrule::session
