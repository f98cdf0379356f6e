// What a peer sees of a socket that is closed without a word, in each state of TCP: that is what
// the kernel does behind a process that died (rule E7). And what a release saves from it.

#include "net/socket_fixture.hpp"

#include <netinet/tcp.h>

#include <cerrno>
#include <memory>

namespace ferrule::net {
namespace {

/// A socket that can die.
class dying_sockets : public socket_fixture {
protected:
    void adopt(int buffer_bytes = 0)
    {
        test::connection made = test::make_tcp_connection(buffer_bytes);
        far_ = std::move(made.far);
        native_ = made.near.get();
        socket::arm(native_);
        mortal_ = std::make_unique<socket>();
        ASSERT_EQ(0, mortal_->adopt(made.near.release(), false, events_, owner_));
    }

    void die() { mortal_.reset(); }

    void far_finishes()
    {
        far_.finish();
        ASSERT_TRUE(collect_until([&] { return mortal_->has_hung_up(); }));
    }

    int state() const
    {
        tcp_info known{};
        socklen_t size = sizeof(known);
        EXPECT_EQ(0, getsockopt(native_, IPPROTO_TCP, TCP_INFO, &known, &size));
        return known.tcpi_state;
    }

    /// Releases, and tells by a copy of the descriptor whether the call that disarms was made.
    bool release_disarms(bool acknowledged)
    {
        const descriptor copy{::dup(native_)};
        mortal_->release(acknowledged);
        return !test::is_armed(copy.get());
    }

    std::unique_ptr<socket> mortal_;
};

TEST_F(dying_sockets, reset_a_peer_that_has_not_ended)
{
    adopt();
    ASSERT_EQ(TCP_ESTABLISHED, state());
    ASSERT_EQ(write_state::taken, mortal_->write(bytes_of("half an answer")).state);
    EXPECT_EQ("half an answer", far_.receive());
    die();
    EXPECT_EQ("RST", far_.receive());
}

TEST_F(dying_sockets, reset_a_peer_that_has_ended)
{
    adopt();
    far_finishes();
    ASSERT_EQ(TCP_CLOSE_WAIT, state());
    die();
    EXPECT_EQ("RST", far_.receive());
}

TEST_F(dying_sockets, reset_a_peer_whose_connection_nobody_has_noticed_yet)
{
    const descriptor listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const address any = address::ip("127.0.0.1", 0).value();
    sockaddr_storage bound{};
    socklen_t size = sizeof(bound);
    ASSERT_EQ(0, ::bind(listener.get(), any.data(), any.size()));
    ASSERT_EQ(0, ::listen(listener.get(), 1));
    ASSERT_EQ(0, getsockname(listener.get(), reinterpret_cast<sockaddr*>(&bound), &size));
    mortal_ = std::make_unique<socket>();
    const int begun = mortal_->connect(address{bound, size}, events_, owner_);
    ASSERT_TRUE(begun == 0 || begun == EINPROGRESS);
    const test::far_end far{descriptor{::accept(listener.get(), nullptr, nullptr)}};
    die();
    EXPECT_EQ("RST", far.receive());
}

TEST_F(dying_sockets, say_after_a_fin_that_was_meant_what_they_like)
{
    adopt();
    mortal_->finish();
    EXPECT_EQ("", far_.receive());
    ASSERT_TRUE(test::comes_true([&] { return state() == TCP_FIN_WAIT2; }));
    die();
    EXPECT_TRUE(test::comes_true([&] { return error_of(far_.native()) == EPIPE; }))
        << "an RST behind the FIN";
}

TEST_F(dying_sockets, never_say_a_fin_that_has_not_arrived)
{
    adopt();
    {
        const deafness broken_path{far_.native()};
        ASSERT_EQ(write_state::taken, mortal_->write(bytes_of("the end")).state);
        mortal_->finish();
        ASSERT_EQ(TCP_FIN_WAIT1, state());
    }
    die();
    EXPECT_EQ("RST", far_.receive());
}

TEST_F(dying_sockets, leave_both_ends_as_they_were_said)
{
    adopt();
    mortal_->finish();
    far_finishes();
    ASSERT_TRUE(test::comes_true([&] { return state() == TCP_CLOSE; })) << "it is in TIME_WAIT";
    die();
    EXPECT_EQ("", far_.receive());
    EXPECT_EQ(0, error_of(far_.native()));
}

TEST_F(dying_sockets, reset_nobody_whose_end_waits_for_the_acknowledgement_of_ours)
{
    adopt();
    far_finishes();
    {
        const deafness broken_path{far_.native()};
        ASSERT_EQ(write_state::taken, mortal_->write(bytes_of("the end")).state);
        mortal_->finish();
        ASSERT_EQ(TCP_LAST_ACK, state());
        die();
    }
    EXPECT_EQ(0, error_of(far_.native())) << "Linux sends none in LAST_ACK";
}

TEST_F(dying_sockets, say_nothing_where_both_ends_have_crossed)
{
    adopt();
    {
        const deafness broken_path{far_.native()};
        mortal_->finish();
        far_.finish();
        ASSERT_TRUE(test::comes_true([&] { return state() == TCP_CLOSING; }));
        die();
    }
    EXPECT_EQ(0, error_of(far_.native()));
}

TEST_F(dying_sockets, reset_behind_both_ends_if_bytes_were_never_sent)
{
    adopt(8192);
    far_finishes();
    const std::string much(65536, 'x');
    while (mortal_->write(bytes_of(much)).state == write_state::taken) {
    }
    mortal_->finish();
    ASSERT_EQ(TCP_LAST_ACK, state());
    die();
    EXPECT_TRUE(far_.receive_all().ends_with("RST"));
}

// --- release -------------------------------------------------------------------------------------

TEST_F(dying_sockets, released_deliver_what_has_not_arrived_yet)
{
    adopt();
    far_finishes();
    {
        const deafness broken_path{far_.native()};
        ASSERT_EQ(write_state::taken, mortal_->write(bytes_of("the end")).state);
        mortal_->finish();
        ASSERT_EQ(TCP_LAST_ACK, state());
        mortal_->release(false);
    }
    EXPECT_EQ("the end", far_.receive_all()) << "the kernel sends it again, and the FIN";
}

TEST_F(dying_sockets, released_before_the_peer_has_ended_do_not_reset_it)
{
    adopt();
    mortal_->finish();
    EXPECT_EQ("", far_.receive());
    ASSERT_TRUE(test::comes_true([&] { return state() == TCP_FIN_WAIT2; }));
    mortal_->release(true);
    far_.finish();
    EXPECT_EQ("", far_.receive());
    EXPECT_EQ(0, error_of(far_.native()));
}

TEST_F(dying_sockets, disarm_only_what_the_kernel_could_still_reset)
{
    adopt();
    mortal_->finish();
    EXPECT_TRUE(release_disarms(true)) << "FIN_WAIT2";

    adopt();
    far_finishes();
    mortal_->finish();
    EXPECT_TRUE(release_disarms(false)) << "LAST_ACK, as far as anybody knows";

    adopt();
    mortal_->finish();
    far_finishes();
    EXPECT_FALSE(release_disarms(true)) << "both ends are said and acknowledged";

    adopt();
    far_.finish();
    std::array<std::byte, 8> room{};
    ASSERT_TRUE(test::is_ready(native_, POLLIN));
    ASSERT_EQ(read_state::fin, mortal_->read(room).state) << "an end that no event has told of";
    mortal_->finish();
    EXPECT_FALSE(release_disarms(true));

    adopt();
    far_.reset();
    ASSERT_TRUE(collect_until([&] { return mortal_->has_failed(); }));
    EXPECT_FALSE(release_disarms(false)) << "the peer's own reset has ended it";
}

TEST_F(dying_sockets, need_no_call_to_abort)
{
    adopt();
    const descriptor copy{::dup(native_)};
    mortal_->abort();
    EXPECT_TRUE(test::is_armed(copy.get()));
}

TEST_F(dying_sockets, of_a_unix_connection_end_it)
{
    test::connection made = test::make_unix_connection();
    far_ = std::move(made.far);
    mortal_ = std::make_unique<socket>();
    ASSERT_EQ(0, mortal_->adopt(made.near.release(), true, events_, owner_));
    die();
    EXPECT_EQ("", far_.receive()) << "a Unix socket has no RST";
}

} // namespace
} // namespace ferrule::net
