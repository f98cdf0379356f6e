// How a socket comes to be: connected, adopted, used again, with its options.

#include "net/socket_fixture.hpp"
#include "support/temporary_folder.hpp"

#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>

namespace ferrule::net {
namespace {

using namespace std::chrono_literals;
using test::comes_true;
using sockets = socket_fixture;

/// A listener on a port that the kernel chose; `where` is its address.
descriptor listen_somewhere(address& where)
{
    descriptor listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const address any = address::ip("127.0.0.1", 0).value();
    sockaddr_storage bound{};
    socklen_t size = sizeof(bound);
    if (::bind(listener.get(), any.data(), any.size()) != 0 || ::listen(listener.get(), 8) != 0 ||
        getsockname(listener.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0)
        test::fail("listen");
    where = address{bound, size};
    return listener;
}

TEST_F(sockets, a_connecting_socket_is_connected_once_it_is_writable)
{
    address where;
    const descriptor listener = listen_somewhere(where);
    const int begun = socket_.connect(where, events_, owner_);
    ASSERT_TRUE(begun == 0 || begun == EINPROGRESS) << std::strerror(begun);
    EXPECT_EQ(EINPROGRESS, socket_.connected()) << "no event has been collected yet";
    ASSERT_TRUE(collect_until([&] { return socket_.is_writable(); }));
    EXPECT_EQ(0, socket_.connected());

    const test::far_end far{descriptor{::accept(listener.get(), nullptr, nullptr)}};
    ASSERT_EQ(write_state::taken, socket_.write(bytes_of("hello")).state);
    EXPECT_EQ("hello", far.receive());
}

TEST_F(sockets, a_refused_connection_is_told)
{
    address where;
    listen_somewhere(where).reset();
    const int begun = socket_.connect(where, events_, owner_);
    if (begun == EINPROGRESS) {
        ASSERT_TRUE(collect_until([&] { return socket_.is_writable(); }));
        EXPECT_EQ(ECONNREFUSED, socket_.connected());
        EXPECT_TRUE(socket_.is_open());
    } else {
        EXPECT_EQ(ECONNREFUSED, begun);
        EXPECT_FALSE(socket_.is_open());
    }
}

TEST_F(sockets, one_that_has_met_itself_is_told_from_others)
{
    descriptor made{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const address any = address::ip("127.0.0.1", 0).value();
    sockaddr_storage bound{};
    socklen_t size = sizeof(bound);
    ASSERT_EQ(0, ::bind(made.get(), any.data(), any.size()));
    ASSERT_EQ(0, getsockname(made.get(), reinterpret_cast<sockaddr*>(&bound), &size));
    ASSERT_EQ(0, ::connect(made.get(), reinterpret_cast<const sockaddr*>(&bound), size));
    ASSERT_EQ(0, socket_.adopt(made.release(), false, events_, owner_));
    const address itself{bound, size};
    EXPECT_TRUE(socket_.is_connected_to_itself(itself));
    EXPECT_TRUE(socket_.is_connected_to_itself(address::ip("0.0.0.0", itself.port()).value()))
        << "as a server may be configured";
}

TEST_F(sockets, one_that_meets_its_own_port_at_another_address_has_not_met_itself)
{
    address where;
    const descriptor listener = listen_somewhere(where);
    descriptor near{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const address other_host = address::ip("127.0.0.2", where.port()).value();
    ASSERT_EQ(0, ::bind(near.get(), other_host.data(), other_host.size()));
    ASSERT_EQ(0, ::connect(near.get(), where.data(), where.size()));
    ASSERT_EQ(0, socket_.adopt(near.release(), false, events_, owner_));
    EXPECT_FALSE(socket_.is_connected_to_itself(where));
}

TEST(own_want, is_what_says_nothing_of_the_server)
{
    for (const int error : {EMFILE, ENFILE, ENOMEM, ENOBUFS, ENOSPC, EADDRNOTAVAIL})
        EXPECT_TRUE(is_own_want(error)) << std::strerror(error);
    for (const int error : {ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, ENOENT, EACCES,
                            EAGAIN, ECONNRESET, 0})
        EXPECT_FALSE(is_own_want(error)) << std::strerror(error);
}

TEST_F(sockets, one_that_was_reset_before_anybody_looked_was_connected_and_has_what_was_sent)
{
    address where;
    const descriptor listener = listen_somewhere(where);
    const int begun = socket_.connect(where, events_, owner_);
    ASSERT_TRUE(begun == 0 || begun == EINPROGRESS) << std::strerror(begun);
    {
        test::far_end far{descriptor{::accept(listener.get(), nullptr, nullptr)}};
        far.send("half an answer");
        far.reset();
    }
    ASSERT_TRUE(collect_until([&] { return socket_.has_failed(); }));
    EXPECT_EQ(0, socket_.connected());
    std::array<std::byte, 64> room{};
    EXPECT_EQ(14U, socket_.read(room).bytes);
    EXPECT_EQ(read_state::reset, socket_.read(room).state);
    EXPECT_EQ(ECONNRESET, socket_.last_error());
}

TEST_F(sockets, what_cannot_even_begin_to_connect_leaves_nothing_open)
{
    const test::temporary_folder folder;
    const address nobody = address::unix_socket(folder / "nobody").value();
    EXPECT_EQ(ENOENT, socket_.connect(nobody, events_, owner_));
    EXPECT_FALSE(socket_.is_open());
    EXPECT_EQ(EAFNOSUPPORT, socket_.connect(address{}, events_, owner_));
    EXPECT_FALSE(socket_.is_open());
}

TEST_F(sockets, a_descriptor_that_cannot_be_watched_is_closed)
{
    const int file = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    ASSERT_GE(file, 0);
    EXPECT_EQ(EPERM, socket_.adopt(file, false, events_, owner_));
    EXPECT_FALSE(socket_.is_open());
    EXPECT_EQ(-1, fcntl(file, F_GETFD));
    EXPECT_EQ(EBADF, errno);
}

TEST_F(sockets, a_socket_is_used_again_as_if_it_were_new)
{
    adopt_tcp();
    far_.reset();
    ASSERT_TRUE(collect_until([&] { return socket_.has_failed(); }));
    EXPECT_EQ(write_state::broken, socket_.write(bytes_of("hello")).state);
    socket_.abort();

    adopt_tcp();
    EXPECT_EQ(0, socket_.last_error());
    EXPECT_FALSE(socket_.has_failed());
    EXPECT_FALSE(socket_.has_hung_up());
    far_.finish();
    ASSERT_TRUE(collect_until([&] { return socket_.has_hung_up(); }));
    EXPECT_EQ("FIN", read()) << "the write that failed was another connection's";
}

TEST_F(sockets, options_are_set)
{
    adopt_tcp();
    EXPECT_EQ(0, option(IPPROTO_TCP, TCP_NODELAY));
    socket_.set_stream_options();
    EXPECT_EQ(1, option(IPPROTO_TCP, TCP_NODELAY));
    EXPECT_EQ(0, option(SOL_SOCKET, SO_KEEPALIVE));
    socket_.watch_for_silence(keepalive{20s, 10s, 3});
    EXPECT_EQ(1, option(SOL_SOCKET, SO_KEEPALIVE));
    EXPECT_EQ(20, option(IPPROTO_TCP, TCP_KEEPIDLE));
    EXPECT_EQ(10, option(IPPROTO_TCP, TCP_KEEPINTVL));
    EXPECT_EQ(3, option(IPPROTO_TCP, TCP_KEEPCNT));
    EXPECT_EQ(0, option(IPPROTO_TCP, TCP_USER_TIMEOUT)) << "it would replace keepalive's count";
    net::socket::set_stream_options(native_, keepalive{1s, 1s, 1});
    EXPECT_EQ(1, option(IPPROTO_TCP, TCP_KEEPIDLE));
}

TEST_F(sockets, know_for_how_long_their_peer_was_silent)
{
    adopt_tcp();
    EXPECT_TRUE(comes_true([&] { return socket_.silent_for() > 50ms; }));
    far_.send("hello");
    EXPECT_TRUE(comes_true([&] { return socket_.silent_for() < 50ms; }));
    EXPECT_TRUE(comes_true([&] { return socket_.silent_for() > 50ms; }));
    socket_.write(bytes_of("hello"));
    EXPECT_TRUE(comes_true([&] { return socket_.silent_for() < 50ms; })) << "acknowledged";
}

} // namespace
} // namespace ferrule::net
