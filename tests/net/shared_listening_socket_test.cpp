// Listening sockets that somebody else holds as well, such as a service manager.

#include "net/listening_socket.hpp"

#include "net/listening.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <system_error>

namespace ferrule::net {
namespace {

using namespace std::chrono_literals;
using test::accept_one;
using test::connect_to;
using test::far_end;
using test::is_armed;
using test::is_ready;
using test::some_port;

bool exists(const std::string& path)
{
    struct stat status {};
    return lstat(path.c_str(), &status) == 0;
}

TEST(shared_listening_socket, accepts_and_leaves_its_queue_to_whoever_holds_it)
{
    listening_socket held{some_port(), 8, keepalive_below(base::off)};
    {
        listening_socket shared = listening_socket::share(held.native(), keepalive{1s, 1s, 1});
        EXPECT_TRUE(shared.is_held_by_others());
        EXPECT_EQ(held.where().text(), shared.where().text());
        EXPECT_NE(0, fcntl(shared.native(), F_GETFD) & FD_CLOEXEC);
        const far_end first = connect_to(shared.where());
        EXPECT_EQ(accept_state::accepted, accept_one(shared).state);
    }
    const far_end second = connect_to(held.where());
    EXPECT_EQ(accept_state::accepted, accept_one(held).state) << "the queue is still there";
}

TEST(shared_listening_socket, says_why_it_cannot_accept_once_its_owner_has_shut_it_down)
{
    const listening_socket held{some_port(), 8, keepalive_below(base::off)};
    listening_socket shared = listening_socket::share(held.native(), keepalive_below(base::off));
    ASSERT_EQ(0, ::shutdown(held.native(), SHUT_RD));
    const accepted_socket refused = shared.accept();
    EXPECT_EQ(accept_state::failed, refused.state);
    EXPECT_EQ(EINVAL, refused.error);
}

TEST(shared_listening_socket, is_shared_with_another_worker_and_not_bound_again)
{
    listening_socket held{some_port(), 8, keepalive_below(base::off)};
    const listening_socket shared =
        listening_socket::share(held.native(), keepalive_below(base::off));
    listening_socket another = shared.for_another_worker();
    EXPECT_TRUE(another.is_held_by_others());
    const far_end client = connect_to(held.where());
    EXPECT_EQ(accept_state::accepted, accept_one(another).state);
    EXPECT_EQ(accept_state::empty, held.accept().state) << "one queue for all";
}

TEST(shared_listening_socket, arms_what_it_accepts_and_not_what_others_will)
{
    const descriptor passed{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const address any = some_port();
    ASSERT_EQ(0, ::bind(passed.get(), any.data(), any.size()));
    ASSERT_EQ(0, ::listen(passed.get(), 8));
    {
        listening_socket shared = listening_socket::share(passed.get(), keepalive_below(base::off));
        const far_end ours = connect_to(shared.where());
        accepted_socket accepted = accept_one(shared);
        EXPECT_TRUE(is_armed(accepted.socket.get()));
        accepted.socket.reset();
        EXPECT_EQ("RST", ours.receive()) << "whoever forgets it resets it";

        const far_end others = connect_to(shared.where());
        ASSERT_TRUE(is_ready(passed.get(), POLLIN));
        const descriptor theirs{::accept(passed.get(), nullptr, nullptr)};
        EXPECT_FALSE(is_armed(theirs.get()));
    }
    EXPECT_FALSE(is_armed(passed.get()));
}

TEST(shared_listening_socket, does_not_remove_the_file_of_a_unix_socket)
{
    const test::temporary_folder folder;
    const address where = address::unix_socket(folder / "app.sock").value();
    const listening_socket held{where, 8, keepalive_below(base::off)};
    listening_socket::share(held.native(), keepalive_below(base::off));
    EXPECT_TRUE(exists(folder / "app.sock"));
}

TEST(shared_listening_socket, is_refused_if_it_does_not_listen)
{
    const descriptor plain{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const descriptor datagrams{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    const descriptor no_socket{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    for (const descriptor* each : {&plain, &datagrams, &no_socket})
        EXPECT_THROW(listening_socket::share(each->get(), keepalive_below(base::off)),
                     std::system_error);
}

} // namespace
} // namespace ferrule::net
