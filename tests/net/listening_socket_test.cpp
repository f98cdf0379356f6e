#include "net/listening_socket.hpp"

#include "net/listening.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

namespace ferrule::net {
namespace {

using namespace std::chrono_literals;
using test::accept_one;
using test::connect_to;
using test::far_end;
using test::is_armed;
using test::is_ready;
using test::some_port;

int option(int socket, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof(value);
    EXPECT_EQ(0, getsockopt(socket, level, name, &value, &size));
    return value;
}

std::string refusal_of(const address& where)
{
    try {
        const listening_socket refused{where, 8, keepalive_below(base::off)};
        return "it listens on " + refused.where().text();
    } catch (const std::system_error& error) {
        return error.what();
    }
}

bool exists(const std::string& path)
{
    struct stat status {};
    return lstat(path.c_str(), &status) == 0;
}

// --- TCP -----------------------------------------------------------------------------------------

TEST(listening_socket, says_where_it_is_bound)
{
    const listening_socket v4{some_port(), 8, keepalive_below(base::off)};
    EXPECT_NE(0, v4.where().port());
    EXPECT_EQ("127.0.0.1:" + std::to_string(v4.where().port()), v4.where().text());
}

TEST(listening_socket, accepts_who_has_come)
{
    listening_socket listener{some_port(), 8, keepalive_below(base::off)};
    EXPECT_EQ(accept_state::empty, listener.accept().state);
    const far_end client = connect_to(listener.where());
    accepted_socket accepted = accept_one(listener);
    ASSERT_EQ(accept_state::accepted, accepted.state);

    sockaddr_storage from{};
    socklen_t size = sizeof(from);
    getsockname(client.native(), reinterpret_cast<sockaddr*>(&from), &size);
    EXPECT_EQ((address{from, size}.text()), accepted.from.text());

    client.send("hello");
    ASSERT_TRUE(is_ready(accepted.socket.get(), POLLIN));
    EXPECT_EQ("hello", far_end{std::move(accepted.socket)}.receive());
    EXPECT_EQ(accept_state::empty, listener.accept().state);
}

TEST(listening_socket, hands_its_options_on)
{
    listening_socket listener{some_port(), 8, keepalive{20s, 10s, 3}};
    const far_end client = connect_to(listener.where());
    const accepted_socket accepted = accept_one(listener);
    const int socket = accepted.socket.get();
    EXPECT_NE(0, fcntl(socket, F_GETFL) & O_NONBLOCK);
    EXPECT_NE(0, fcntl(socket, F_GETFD) & FD_CLOEXEC);
    EXPECT_EQ(1, option(socket, IPPROTO_TCP, TCP_NODELAY));
    EXPECT_EQ(1, option(socket, SOL_SOCKET, SO_KEEPALIVE));
    EXPECT_EQ(1, option(socket, SOL_SOCKET, SO_OOBINLINE));
    EXPECT_EQ(20, option(socket, IPPROTO_TCP, TCP_KEEPIDLE));
    EXPECT_EQ(10, option(socket, IPPROTO_TCP, TCP_KEEPINTVL));
    EXPECT_EQ(3, option(socket, IPPROTO_TCP, TCP_KEEPCNT));
    EXPECT_TRUE(is_armed(socket));
}

TEST(listening_socket, listens_on_ipv6_without_taking_ipv4)
{
    const listening_socket probe = [] {
        try {
            return listening_socket{some_port("::1"), 8, keepalive_below(base::off)};
        } catch (const std::system_error&) {
            return listening_socket{some_port(), 8, keepalive_below(base::off)};
        }
    }();
    if (probe.where().family() != AF_INET6)
        GTEST_SKIP() << "this machine has no IPv6";
    listening_socket any{some_port("::"), 8, keepalive_below(base::off)};
    EXPECT_EQ(1, option(any.native(), IPPROTO_IPV6, IPV6_V6ONLY));
    const far_end client = connect_to(address::ip("::1", any.where().port()).value());
    EXPECT_TRUE(accept_one(any).from.text().starts_with("[::1]:"));
}

TEST(listening_socket, opens_the_same_port_for_another_worker)
{
    listening_socket first{some_port(), 64, keepalive{9s, 3s, 3}};
    listening_socket second = first.for_another_worker();
    EXPECT_EQ(first.where().text(), second.where().text());
    EXPECT_NE(first.native(), second.native());
    EXPECT_EQ(9, option(second.native(), IPPROTO_TCP, TCP_KEEPIDLE));

    // The kernel spreads connections over both by their ports: 64 all to one would be 1 in 2^63.
    std::vector<far_end> clients;
    for (int i = 0; i < 64; ++i)
        clients.push_back(connect_to(first.where()));
    int by_first = 0;
    int by_second = 0;
    while (first.accept().state == accept_state::accepted)
        ++by_first;
    while (second.accept().state == accept_state::accepted)
        ++by_second;
    EXPECT_EQ(64, by_first + by_second);
    EXPECT_GT(by_first, 0);
    EXPECT_GT(by_second, 0);
}

TEST(listening_socket, refuses_who_connects_before_it_listens)
{
    listening_socket first =
        listening_socket::bound(some_port(), 8, keepalive_below(base::off), port_use::alone);
    EXPECT_NE(0, first.where().port());
    const descriptor client{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    EXPECT_NE(0, ::connect(client.get(), first.where().data(), first.where().size()));
    EXPECT_EQ(ECONNREFUSED, errno);
    first.listen();
    const far_end late = connect_to(first.where());
    EXPECT_EQ(accept_state::accepted, accept_one(first).state);
}

TEST(listening_socket, does_not_share_its_port_with_another_process_in_silence)
{
    // What a second process of the same program does.
    const listening_socket first{some_port(), 8, keepalive_below(base::off)};
    const listening_socket second = first.for_another_worker();
    EXPECT_EQ("cannot listen on " + first.where().text() + ": Address already in use",
              refusal_of(first.where()));
    // On purpose it does, as a reload that calls the same port by another name has to.
    listening_socket::bound(first.where(), 8, keepalive_below(base::off), port_use::shared)
        .listen();
}

TEST(listening_socket, does_not_share_its_port_with_one_that_was_bound_at_the_same_time)
{
    listening_socket first =
        listening_socket::bound(some_port(), 8, keepalive_below(base::off), port_use::alone);
    listening_socket second =
        listening_socket::bound(first.where(), 8, keepalive_below(base::off), port_use::alone);
    first.listen();
    EXPECT_THROW(second.listen(), std::system_error);
}

TEST(listening_socket, names_the_address_that_it_cannot_have)
{
    EXPECT_EQ("cannot listen on 192.0.2.1:1: Cannot assign requested address",
              refusal_of(address::ip("192.0.2.1", 1).value()));
    // Of another program, which has not set SO_REUSEPORT.
    const descriptor other{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const address any = some_port();
    ASSERT_EQ(0, ::bind(other.get(), any.data(), any.size()));
    ASSERT_EQ(0, ::listen(other.get(), 1));
    sockaddr_storage bound{};
    socklen_t size = sizeof(bound);
    getsockname(other.get(), reinterpret_cast<sockaddr*>(&bound), &size);
    const address taken{bound, size};
    EXPECT_EQ("cannot listen on " + taken.text() + ": Address already in use", refusal_of(taken));
}

TEST(listening_socket, says_when_no_descriptor_is_left_and_goes_on_when_one_is)
{
    listening_socket listener{some_port(), 8, keepalive_below(base::off)};
    const far_end client = connect_to(listener.where());
    ASSERT_TRUE(is_ready(listener.native(), POLLIN));

    rlimit before{};
    ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &before));
    const int lowest_free = dup(listener.native());
    ::close(lowest_free);
    rlimit none_left = before;
    none_left.rlim_cur = static_cast<rlim_t>(lowest_free);
    ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none_left));
    const accept_state without = listener.accept().state;
    ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &before));

    EXPECT_EQ(accept_state::descriptors, without);
    EXPECT_EQ(accept_state::accepted, listener.accept().state) << "the client has waited";
}

TEST(listening_socket, moves_with_all_that_it_has)
{
    listening_socket first{some_port(), 8, keepalive_below(base::off)};
    const std::string where = first.where().text();
    listening_socket second{std::move(first)};
    EXPECT_EQ(where, second.where().text());
    const far_end client = connect_to(second.where());
    EXPECT_EQ(accept_state::accepted, accept_one(second).state);
}

// --- Unix sockets --------------------------------------------------------------------------------

TEST(listening_unix_socket, accepts_and_removes_its_file_in_the_end)
{
    const test::temporary_folder folder;
    const std::string path = folder / "app.sock";
    {
        listening_socket listener{address::unix_socket(path).value(), 8,
                                  keepalive_below(base::off)};
        EXPECT_EQ("unix:" + path, listener.where().text());
        const far_end client = connect_to(listener.where());
        accepted_socket accepted = accept_one(listener);
        ASSERT_EQ(accept_state::accepted, accepted.state);
        EXPECT_EQ("unix", accepted.from.text());
        client.send("hello");
        EXPECT_EQ("hello", far_end{std::move(accepted.socket)}.receive());

        const listening_socket moved{std::move(listener)};
        EXPECT_TRUE(exists(path));
    }
    EXPECT_FALSE(exists(path));
}

TEST(listening_unix_socket, replaces_a_file_that_nobody_listens_on_any_more)
{
    const test::temporary_folder folder;
    const address where = address::unix_socket(folder / "app.sock").value();
    {
        const descriptor crashed{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        ASSERT_EQ(0, ::bind(crashed.get(), where.data(), where.size()));
        ASSERT_EQ(0, ::listen(crashed.get(), 1));
    }
    ASSERT_TRUE(exists(folder / "app.sock"));
    listening_socket listener{where, 8, keepalive_below(base::off)};
    const far_end client = connect_to(where);
    EXPECT_EQ(accept_state::accepted, accept_one(listener).state);
}

TEST(listening_unix_socket, leaves_a_living_one_alone)
{
    const test::temporary_folder folder;
    const address where = address::unix_socket(folder / "app.sock").value();
    listening_socket living{where, 8, keepalive_below(base::off)};
    EXPECT_EQ("cannot listen on " + where.text() + ": Address already in use", refusal_of(where));
    EXPECT_TRUE(exists(folder / "app.sock"));
    EXPECT_EQ(accept_state::accepted, accept_one(living).state) << "the question itself";
    const far_end client = connect_to(where);
    EXPECT_EQ(accept_state::accepted, accept_one(living).state);
}

TEST(listening_unix_socket, leaves_a_file_alone_that_is_no_socket)
{
    const test::temporary_folder folder;
    std::ofstream(folder / "app.sock") << "precious";
    const address where = address::unix_socket(folder / "app.sock").value();
    EXPECT_EQ("cannot listen on " + where.text() + ": Address already in use", refusal_of(where));
    EXPECT_TRUE(exists(folder / "app.sock"));
}

TEST(listening_unix_socket, is_shared_by_workers_and_removed_by_the_first)
{
    const test::temporary_folder folder;
    const address where = address::unix_socket(folder / "app.sock").value();
    {
        const listening_socket first{where, 8, keepalive_below(base::off)};
        {
            listening_socket second = first.for_another_worker();
            EXPECT_EQ(first.where().text(), second.where().text());
            EXPECT_NE(first.native(), second.native());
            EXPECT_NE(0, fcntl(second.native(), F_GETFD) & FD_CLOEXEC);
            const far_end client = connect_to(where);
            EXPECT_EQ(accept_state::accepted, accept_one(second).state);
        }
        EXPECT_TRUE(exists(folder / "app.sock")) << "the first one still listens";
    }
    EXPECT_FALSE(exists(folder / "app.sock"));
}

} // namespace
} // namespace ferrule::net
