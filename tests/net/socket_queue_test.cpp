// What a socket tells of the kernel's queues; and Unix sockets, which have none like TCP's.

#include "net/socket_fixture.hpp"

#include <cerrno>

namespace ferrule::net {
namespace {

using namespace std::chrono_literals;
using test::comes_true;
using sockets = socket_fixture;

TEST_F(sockets, nothing_is_unacknowledged_once_the_peer_has_it)
{
    adopt_tcp();
    EXPECT_EQ(0U, socket_.unacknowledged());
    ASSERT_EQ(write_state::taken, socket_.write(bytes_of("hello")).state);
    EXPECT_TRUE(comes_true([&] { return socket_.unacknowledged() == 0; }))
        << "the peer's kernel has it, whether the peer reads it or not";
    socket_.finish();
    EXPECT_TRUE(comes_true([&] { return socket_.unacknowledged() == 0; }));
}

TEST_F(sockets, unacknowledged_bytes_are_those_that_the_peers_kernel_has_not)
{
    adopt_tcp(8192);
    const std::size_t written = fill();
    EXPECT_TRUE(comes_true([&] { return socket_.unacknowledged() + far_.waiting() == written; }));
    const std::size_t before = socket_.unacknowledged();
    EXPECT_GT(before, 0U) << "the peer's queue was to be too small";

    socket_.finish();
    EXPECT_EQ(before + 1, socket_.unacknowledged()) << "a FIN counts as one";
    EXPECT_EQ(written, far_.receive_all().size());
    EXPECT_TRUE(comes_true([&] { return socket_.unacknowledged() == 0; }));
}

TEST_F(sockets, what_a_reset_has_destroyed_stays_unacknowledged)
{
    adopt_tcp(8192);
    const std::size_t written = fill();
    ASSERT_TRUE(comes_true([&] { return socket_.unacknowledged() + far_.waiting() == written; }));
    const std::size_t held = socket_.unacknowledged();
    far_.reset();
    ASSERT_TRUE(collect_until([&] { return socket_.has_failed(); }));
    EXPECT_EQ(held, socket_.unacknowledged());
}

TEST_F(sockets, room_shrinks_as_the_queue_fills_and_grows_as_it_empties)
{
    adopt_tcp(65536);
    const std::size_t empty = socket_.room();
    EXPECT_GT(empty, 0U);
    std::size_t written = fill();
    ASSERT_TRUE(comes_true([&] { // until the peer's queue is full, too
        written += fill();
        return socket_.unacknowledged() + far_.waiting() == written;
    }));
    const std::size_t full = socket_.room();
    EXPECT_LT(full, empty / 2);

    for (std::size_t received = 0; received < written; received += far_.receive().size()) {
    }
    EXPECT_TRUE(comes_true([&] { return socket_.room() > full; }));
}

// --- Unix sockets --------------------------------------------------------------------------------

TEST_F(sockets, a_unix_socket_moves_bytes_and_ends_like_any_other)
{
    adopt_unix();
    EXPECT_TRUE(socket_.is_unix());
    ASSERT_EQ(write_state::taken, socket_.write(bytes_of("request")).state);
    EXPECT_EQ(0U, socket_.unacknowledged()) << "the peer holds it";
    socket_.finish();
    EXPECT_EQ("request", far_.receive_all());

    far_.send("answer");
    far_.close();
    ASSERT_TRUE(collect_until([&] { return socket_.has_hung_up(); }));
    EXPECT_EQ("answer+", read());
    EXPECT_EQ("FIN", read());
}

TEST_F(sockets, a_unix_socket_is_full_and_has_room_again)
{
    adopt_unix();
    const std::size_t empty = socket_.room();
    std::size_t written = fill();
    EXPECT_FALSE(socket_.is_writable());
    EXPECT_LT(socket_.room(), empty / 2);
    for (std::size_t received = 0; received < written; received += far_.receive().size()) {
    }
    EXPECT_TRUE(collect_until([&] { return socket_.is_writable(); }));
    EXPECT_EQ(empty, socket_.room());
}

TEST_F(sockets, a_unix_socket_breaks_when_its_peer_is_gone)
{
    adopt_unix();
    far_.close();
    ASSERT_TRUE(collect_until([&] { return socket_.has_hung_up(); }));
    EXPECT_EQ(write_state::broken, socket_.write(bytes_of("hello")).state);
    EXPECT_EQ(EPIPE, socket_.last_error());
    EXPECT_EQ("RST", read());
}

TEST_F(sockets, an_aborted_unix_socket_looks_like_an_end_of_file)
{
    adopt_unix();
    ASSERT_EQ(write_state::taken, socket_.write(bytes_of("half")).state);
    socket_.abort();
    EXPECT_EQ("half", far_.receive_all());
}

TEST_F(sockets, a_unix_socket_takes_no_options_of_tcp)
{
    adopt_unix();
    socket_.set_stream_options();
    socket_.watch_for_silence(keepalive{1s, 1s, 1});
    EXPECT_EQ(0, option(SOL_SOCKET, SO_KEEPALIVE));
}

} // namespace
} // namespace ferrule::net
