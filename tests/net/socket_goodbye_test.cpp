// Goodbyes, as the peer sees them, and what is not forgiven.

#include "net/socket_fixture.hpp"

#include <cerrno>

namespace ferrule::net {
namespace {

using sockets = socket_fixture;

TEST_F(sockets, finish_one_direction_and_read_on)
{
    adopt_tcp();
    EXPECT_EQ(write_state::taken, socket_.write(bytes_of("request")).state);
    socket_.finish();
    EXPECT_EQ("request", far_.receive_all());
    far_.send("answer");
    ASSERT_TRUE(collect_until([&] { return socket_.is_readable(); }));
    EXPECT_EQ("answer|", read());
    far_.finish();
    ASSERT_TRUE(collect_until([&] { return socket_.is_readable(); }));
    EXPECT_EQ("FIN", read());
    EXPECT_EQ(0, socket_.last_error());
}

TEST_F(sockets, note_that_a_fin_could_not_be_sent)
{
    adopt_tcp();
    far_.reset();
    ASSERT_TRUE(collect_until([&] { return socket_.has_failed(); }));
    socket_.finish();
    EXPECT_EQ(ENOTCONN, socket_.last_error());
}

TEST_F(sockets, abort_by_a_reset)
{
    adopt_tcp();
    socket_.abort();
    EXPECT_FALSE(socket_.is_open());
    EXPECT_EQ("RST", far_.receive());
}

TEST_F(sockets, abort_by_a_reset_after_a_fin)
{
    adopt_tcp();
    socket_.finish();
    EXPECT_EQ("", far_.receive());
    socket_.abort();
    EXPECT_TRUE(test::is_ready(far_.native(), 0)) << "neither POLLERR nor POLLHUP";
    int error = 0;
    socklen_t size = sizeof(error);
    ASSERT_EQ(0, getsockopt(far_.native(), SOL_SOCKET, SO_ERROR, &error, &size));
    EXPECT_EQ(EPIPE, error) << "what a reset is called in CLOSE_WAIT";
}

TEST_F(sockets, can_tell_an_abort_until_both_ends_are_out)
{
    adopt_tcp();
    EXPECT_TRUE(socket_.can_tell_abort()) << "ESTABLISHED";
    far_.finish();
    ASSERT_TRUE(collect_until([&] { return socket_.has_hung_up(); }));
    EXPECT_TRUE(socket_.can_tell_abort()) << "CLOSE_WAIT";
    {
        const deafness broken_path{far_.native()};
        ASSERT_EQ(write_state::taken, socket_.write(bytes_of("lost")).state);
        socket_.finish();
    }
    EXPECT_FALSE(socket_.can_tell_abort()) << "LAST_ACK, and nothing that was never sent";
    socket_.abort();
    EXPECT_EQ(0, error_of(far_.native())) << "no RST";
}

TEST_F(sockets, can_tell_no_abort_where_both_ends_crossed_and_ours_was_lost)
{
    adopt_tcp();
    {
        const deafness broken_path{far_.native()};
        socket_.finish();
        far_.finish();
    }
    EXPECT_FALSE(socket_.can_tell_abort()) << "CLOSING";
    socket_.abort();
    EXPECT_EQ(0, error_of(far_.native())) << "no RST";
}

TEST_F(sockets, can_tell_an_abort_behind_both_ends_if_bytes_were_never_sent)
{
    adopt_tcp(8192);
    far_.finish();
    ASSERT_TRUE(collect_until([&] { return socket_.has_hung_up(); }));
    fill();
    socket_.finish();
    EXPECT_TRUE(socket_.can_tell_abort());
    socket_.abort();
    EXPECT_NE(0, error_of(far_.native()));
}

TEST_F(sockets, can_tell_an_abort_behind_both_ends_if_bytes_were_never_read)
{
    adopt_tcp();
    far_.send("unread");
    far_.finish();
    ASSERT_TRUE(collect_until([&] { return socket_.has_hung_up(); }));
    {
        const deafness broken_path{far_.native()};
        socket_.finish();
    }
    EXPECT_TRUE(socket_.can_tell_abort());
    socket_.abort();
    EXPECT_NE(0, error_of(far_.native()));
}

TEST_F(sockets, can_tell_no_abort_once_the_connection_is_over)
{
    adopt_tcp();
    socket_.finish();
    far_.finish();
    ASSERT_TRUE(test::comes_true([&] { return !socket_.can_tell_abort(); }));
    EXPECT_EQ("", far_.receive_all());
}

TEST_F(sockets, destroy_by_an_abort_what_the_peer_has_not_got_yet)
{
    adopt_tcp(8192);
    const std::size_t written = fill();
    socket_.abort();
    const std::string got = far_.receive_all();
    EXPECT_TRUE(got.ends_with("RST"));
    EXPECT_LT(got.size(), written);
}

TEST_F(sockets, release_in_silence_once_everything_is_said)
{
    adopt_tcp();
    EXPECT_EQ(write_state::taken, socket_.write(bytes_of("all")).state);
    socket_.finish();
    EXPECT_EQ("all", far_.receive_all());
    far_.finish();
    ASSERT_TRUE(collect_until([&] { return socket_.has_hung_up(); }));
    EXPECT_EQ("FIN", read());
    socket_.release(false);
    EXPECT_FALSE(socket_.is_open());
    EXPECT_EQ("", far_.receive()) << "the end stays a clean one";
}

TEST_F(sockets, release_with_unread_input_is_a_reset)
{
    adopt_tcp();
    far_.send("unread");
    ASSERT_TRUE(collect_until([&] { return socket_.is_readable(); }));
    socket_.release(false);
    EXPECT_EQ("RST", far_.receive()) << "that is why a session reads on before it releases";
}

TEST_F(sockets, say_nothing_more_of_readiness_once_released)
{
    adopt_tcp();
    far_.send("unread");
    ASSERT_TRUE(collect_until([&] { return socket_.is_readable(); }));
    socket_.release(false);
    EXPECT_FALSE(socket_.is_readable());
    EXPECT_FALSE(socket_.is_writable());
    EXPECT_EQ(0U, socket_.unacknowledged());
}

using sockets_death = socket_fixture;

TEST_F(sockets_death, a_socket_is_released_once)
{
    EXPECT_DEATH(socket_.release(false), "a socket is released once");
    EXPECT_DEATH(socket_.abort(), "a socket is aborted once");
}

TEST_F(sockets_death, a_socket_has_one_connection_at_a_time)
{
    adopt_tcp();
    EXPECT_DEATH(adopt_tcp(), "one socket at a time");
}

} // namespace
} // namespace ferrule::net
