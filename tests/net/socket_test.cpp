// Reading and writing: what a system call says, and what is concluded from it.

#include "net/socket_fixture.hpp"

#include <cerrno>

namespace ferrule::net {
namespace {

using test::comes_true;
using sockets = socket_fixture;

/// Bytes that wait to be read.
int waiting(int native)
{
    int count = -1;
    ioctl(native, FIONREAD, &count);
    return count;
}

// --- reading -------------------------------------------------------------------------------------

TEST_F(sockets, read_what_came_and_after_a_short_read_expect_nothing_more)
{
    adopt_tcp();
    EXPECT_FALSE(socket_.is_readable());
    far_.send("hello");
    ASSERT_TRUE(collect_until([&] { return socket_.is_readable(); }));
    EXPECT_EQ("hello|", read());
    EXPECT_FALSE(socket_.is_readable());
}

TEST_F(sockets, go_on_reading_while_reads_fill_their_room)
{
    adopt_tcp();
    far_.send("hello");
    ASSERT_TRUE(collect_until([&] { return socket_.is_readable(); }));
    EXPECT_EQ("hel+", read(3));
    EXPECT_TRUE(socket_.is_readable());
    EXPECT_EQ("lo+", read(2)) << "whether more has come meanwhile is not known";
    EXPECT_TRUE(socket_.is_readable());
    EXPECT_EQ("|", read());
    EXPECT_FALSE(socket_.is_readable());
}

TEST_F(sockets, learn_of_bytes_that_come_after_a_short_read)
{
    adopt_tcp();
    far_.send("one");
    ASSERT_TRUE(collect_until([&] { return socket_.is_readable(); }));
    EXPECT_EQ("one|", read());
    far_.send("two");
    ASSERT_TRUE(collect_until([&] { return socket_.is_readable(); }));
    EXPECT_EQ("two|", read());
}

TEST_F(sockets, read_bytes_before_the_fin_behind_them)
{
    adopt_tcp();
    far_.send("hello");
    far_.finish();
    ASSERT_TRUE(collect_until([&] { return socket_.has_hung_up(); }));
    EXPECT_EQ("hello+", read()) << "a short read is not the end of a stream that has one";
    EXPECT_EQ("FIN", read());
    EXPECT_FALSE(socket_.is_readable());
    EXPECT_EQ(0, socket_.last_error());
    EXPECT_FALSE(socket_.has_failed());
}

TEST_F(sockets, read_bytes_before_the_reset_behind_them)
{
    adopt_tcp();
    far_.send("hello");
    far_.reset();
    ASSERT_TRUE(collect_until([&] { return socket_.has_failed(); }));
    EXPECT_EQ("hello+", read());
    EXPECT_EQ("RST", read());
    EXPECT_FALSE(socket_.is_readable());
    EXPECT_EQ(ECONNRESET, socket_.last_error());
}

TEST_F(sockets, read_a_reset_without_bytes)
{
    adopt_tcp();
    far_.reset();
    ASSERT_TRUE(collect_until([&] { return socket_.has_failed(); }));
    EXPECT_EQ("RST", read());
    EXPECT_EQ(ECONNRESET, socket_.last_error());
}

TEST_F(sockets, learn_only_from_the_kernel_of_a_reset_behind_a_fin)
{
    adopt_tcp();
    far_.finish();
    ASSERT_TRUE(collect_until([&] { return socket_.has_hung_up(); }));
    EXPECT_EQ("FIN", read());
    EXPECT_FALSE(socket_.has_failed());
    far_.reset();
    ASSERT_TRUE(collect_until([&] { return socket_.has_failed(); }));
    EXPECT_EQ("FIN", read()) << "the FIN hides the reset";
}

TEST_F(sockets, read_urgent_data_as_a_part_of_the_stream)
{
    adopt_tcp();
    socket_.set_stream_options();
    far_.send("before");
    ASSERT_EQ(1, ::send(far_.native(), "!", 1, MSG_OOB));
    far_.send("behind");
    ASSERT_TRUE(comes_true([&] { return waiting(native_) == 13; }));
    ASSERT_TRUE(collect_until([&] { return socket_.is_readable(); }));
    std::string all;
    for (int turn = 0; turn < 5 && socket_.is_readable(); ++turn)
        all += read();
    EXPECT_EQ("before+!behind+|", all) << "the kernel ends a read in front of an urgent byte";
}

// --- writing -------------------------------------------------------------------------------------

TEST_F(sockets, write_what_the_peer_then_reads)
{
    adopt_tcp();
    EXPECT_TRUE(socket_.is_writable());
    const write_result wrote = socket_.write(bytes_of("hello"));
    EXPECT_EQ(write_state::taken, wrote.state);
    EXPECT_EQ(5U, wrote.bytes);
    EXPECT_TRUE(socket_.is_writable());
    EXPECT_EQ("hello", far_.receive());
}

TEST_F(sockets, write_nothing_without_asking_anybody)
{
    adopt_tcp();
    socket_.finish();
    EXPECT_EQ(write_state::taken, socket_.write({}).state) << "a kernel would say EPIPE";
}

TEST_F(sockets, write_a_part_when_the_queue_is_full_and_the_rest_when_there_is_room)
{
    adopt_tcp(8192);
    const std::string much(4'000'000, 'm');
    const write_result first = socket_.write(bytes_of(much));
    EXPECT_EQ(write_state::blocked, first.state);
    EXPECT_GT(first.bytes, 0U);
    EXPECT_LT(first.bytes, much.size());
    EXPECT_FALSE(socket_.is_writable());

    std::size_t written = first.bytes;
    std::size_t received = 0;
    while (written < much.size()) {
        for (; received < written; received += far_.receive().size()) {
        }
        ASSERT_TRUE(collect_until([&] { return socket_.is_writable(); }));
        written += socket_.write(bytes_of(much).subspan(written)).bytes;
    }
    socket_.finish();
    EXPECT_EQ(much.size() - received, far_.receive_all().size());
}

TEST_F(sockets, say_that_a_full_queue_takes_nothing)
{
    adopt_tcp(8192);
    EXPECT_GT(fill(), 0U);
    // Bytes may still move to the peer's queue; in the end nothing does.
    EXPECT_TRUE(comes_true([&] { return socket_.write(bytes_of("x")).bytes == 0; }));
    EXPECT_FALSE(socket_.is_writable());
    EXPECT_EQ(write_state::blocked, socket_.write(bytes_of("x")).state);
}

TEST_F(sockets, break_when_the_peer_has_reset)
{
    adopt_tcp();
    far_.reset();
    ASSERT_TRUE(collect_until([&] { return socket_.has_failed(); }));
    const write_result wrote = socket_.write(bytes_of("hello"));
    EXPECT_EQ(write_state::broken, wrote.state);
    EXPECT_EQ(0U, wrote.bytes);
    EXPECT_EQ(ECONNRESET, socket_.last_error());
    EXPECT_EQ("RST", read()) << "the write has taken the error; a kernel would say FIN";
}

TEST_F(sockets, keep_what_went_wrong_first)
{
    adopt_tcp();
    far_.reset();
    ASSERT_TRUE(collect_until([&] { return socket_.has_failed(); }));
    EXPECT_EQ("RST", read());
    EXPECT_EQ(ECONNRESET, socket_.last_error());
    EXPECT_EQ(write_state::broken, socket_.write(bytes_of("hello")).state) << "with EPIPE";
    EXPECT_EQ(ECONNRESET, socket_.last_error());
}

TEST_F(sockets, are_read_out_after_a_failed_write_without_any_new_event)
{
    // A server that refuses an upload: it answers, and closes with unread input.
    adopt_tcp();
    EXPECT_EQ(write_state::taken, socket_.write(bytes_of("upload")).state);
    ASSERT_TRUE(test::is_ready(far_.native(), POLLIN));
    far_.send("413");
    far_.close();
    ASSERT_TRUE(
        comes_true([&] { return socket_.write(bytes_of("more")).state == write_state::broken; }));

    EXPECT_TRUE(socket_.is_readable());
    EXPECT_TRUE(socket_.has_hung_up());
    EXPECT_EQ("413+", read()) << "its last bytes come first";
    EXPECT_EQ("RST", read()) << "an end after a failed write is a reset, whatever the kernel says";
}

} // namespace
} // namespace ferrule::net
