// Sessions and their servers: the next one when one fails, and what is said when all have failed.

#include "session/timing.hpp"
#include "session/without_backend.hpp"
#include "support/temporary_folder.hpp"

#include <fcntl.h>
#include <sys/resource.h>

namespace {

using namespace std::chrono_literals;
namespace net = ferrule::net;
namespace test = ferrule::test;
using ferrule::backends::server;
using ferrule::metrics::server_counters;
using ferrule::test::ending_of;
using ferrule::test::expect_reset_without_backend;
using ferrule::test::greet;
using ferrule::test::refusing_server;
using ferrule::test::silent_server;
using ferrule::test::world;
using ferrule::test::world_options;

/// No more descriptors than are open now.
class no_descriptors {
public:
    no_descriptors()
    {
        getrlimit(RLIMIT_NOFILE, &before_);
        const net::descriptor next{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
        rlimit none = before_;
        none.rlim_cur = static_cast<rlim_t>(next.get());
        setrlimit(RLIMIT_NOFILE, &none);
    }
    ~no_descriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
    no_descriptors(const no_descriptors&) = delete;
    no_descriptors& operator=(const no_descriptors&) = delete;

private:
    rlimit before_{};
};

TEST(connecting, tries_the_next_server_when_one_refuses)
{
    const refusing_server refusing;
    server_counters refused;
    world it;
    it.pool->set_servers(
        {refusing.as_server(refused), {"app", it.backend.where(), &it.server_counters, {}}});
    it.establish("request");
    EXPECT_EQ("request", it.backend.received());
    EXPECT_EQ(1U, refused.connect_failures.get());
    EXPECT_EQ(1U, it.server_counters.connects.get());
    it.backend.finish();
    it.client.say_goodbye();
    ASSERT_TRUE(it.finish(1s));
    EXPECT_EQ("app", it.told().server.view());
    EXPECT_EQ("pool", it.told().backend.view());
    EXPECT_TRUE(it.told().detail.empty());
}

TEST(connecting, tells_a_lack_of_descriptors_from_a_server_that_fails)
{
    world it;
    it.connect();
    it.client.stop_reading();
    it.client.shake_hands("request");
    it.settle();
    {
        const no_descriptors now;
        it.client.read_on();
        it.settle();
    }
    expect_reset_without_backend(it, "limit; client reset, backend none; none",
                                 "Too many open files");
    EXPECT_EQ(0U, it.server_counters.connect_failures.get()) << "the server is not to blame";
}

TEST(connecting, a_session_that_cannot_start_counts_nothing_and_closes_its_socket)
{
    world it;
    net::descriptor file{::open("/dev/null", O_RDONLY | O_CLOEXEC)}; // not for epoll
    const int number = file.get();
    EXPECT_FALSE(it.start(std::move(file)));
    EXPECT_EQ(0U, it.counters.sessions_started.get());
    EXPECT_EQ(0U, it.counters.sessions_open.get());
    EXPECT_EQ(-1, ::fcntl(number, F_GETFD)) << "it is still open";
}

// --- a Unix socket whose queue is full -----------------------------------------------------------

/// A server on a Unix socket that accepts nothing yet; its queue takes one.
class busy_unix_server {
public:
    busy_unix_server()
        : where_{net::address::unix_socket(folder_ / "socket").value()},
          listener_{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)}
    {
        if (::bind(listener_.get(), where_.data(), where_.size()) != 0 ||
            ::listen(listener_.get(), 0) != 0)
            test::fail("listen");
        net::descriptor first{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
        if (::connect(first.get(), where_.data(), where_.size()) != 0)
            test::fail("connect");
        waiting_ = std::move(first);
    }

    server as_server(server_counters& counters) const { return {"busy", where_, &counters, {}}; }
    net::descriptor accept() const
    {
        return net::descriptor{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    }

private:
    test::temporary_folder folder_;
    net::address where_;
    net::descriptor listener_;
    net::descriptor waiting_;
};

TEST(connecting, waits_for_a_place_in_the_queue_of_a_unix_socket)
{
    const busy_unix_server busy;
    world it;
    it.pool->set_servers({busy.as_server(it.server_counters)});
    greet(it);
    it.advance(3s);
    ASSERT_FALSE(it.is_over());
    EXPECT_EQ(0U, it.server_counters.connect_failures.get()) << "it is busy, not dead";
    const net::descriptor before = busy.accept();
    it.advance(110ms);
    EXPECT_EQ(1U, it.server_counters.connects.get());
    EXPECT_TRUE(busy.accept().is_open());
    it.destroy_session();
}

TEST(connecting, gives_up_on_a_queue_that_stays_full_as_on_a_silent_server)
{
    const busy_unix_server busy;
    world it;
    it.pool->set_servers({busy.as_server(it.server_counters)});
    greet(it);
    test::expect_over_after(it, 5s);
    expect_reset_without_backend(it, "no_backend; client reset, backend none; none",
                                 "the server's queue stayed full");
    EXPECT_EQ(1U, it.server_counters.connect_failures.get());
}

TEST(connecting, a_full_queue_gets_its_share_of_the_time_and_then_the_next_server_is_tried)
{
    const busy_unix_server busy;
    server_counters full;
    world it;
    it.pool->set_servers(
        {busy.as_server(full), {"app", it.backend.where(), &it.server_counters, {}}});
    greet(it);
    test::expect_after(it, 2500ms, [&] { return it.backend.is_connected(); });
    EXPECT_EQ("request", it.backend.received());
    EXPECT_EQ(1U, full.connect_failures.get());
}

// --- clients that leave meanwhile ----------------------------------------------------------------

TEST(connecting, a_client_that_resets_meanwhile_ends_the_session)
{
    const silent_server silent;
    world it;
    it.pool->set_servers({silent.as_server(it.server_counters)});
    greet(it);
    it.advance(1s);
    it.client.reset();
    it.settle();
    ASSERT_TRUE(it.is_over()) << "a reset needs no reading";
    EXPECT_EQ("client_reset; client gone, backend none; none", ending_of(it.told()));
    EXPECT_EQ("the client reset the connection while connecting", it.told().detail.view());
    EXPECT_EQ(0U, it.told().bytes[0]);
}

TEST(connecting, a_client_that_ends_clean_meanwhile_gets_a_whole_session)
{
    const silent_server silent;
    server_counters hung;
    world it;
    it.pool->set_servers(
        {silent.as_server(hung), {"app", it.backend.where(), &it.server_counters, {}}});
    it.connect();
    it.client.shake_hands("request", true);
    it.settle();
    test::expect_after(it, 2500ms, [&] { return it.backend.is_connected(); });
    EXPECT_EQ("request", it.backend.received());
    EXPECT_TRUE(it.backend.saw_fin());
    it.backend.send("answer");
    it.backend.finish();
    ASSERT_TRUE(it.finish(1s));
    EXPECT_EQ("answer", it.client.received());
    EXPECT_EQ("client_eof, then backend_eof; client exchanged, backend exchanged; clean",
              ending_of(it.told()));
}

TEST(connecting, a_client_that_truncates_meanwhile_is_told_as_one_once_there_is_a_backend)
{
    const silent_server silent;
    server_counters hung;
    world it;
    it.pool->set_servers(
        {silent.as_server(hung), {"app", it.backend.where(), &it.server_counters, {}}});
    greet(it);
    it.client.finish();
    it.advance(3s);
    ASSERT_TRUE(it.finish(1s));
    EXPECT_EQ("request", it.backend.received());
    EXPECT_TRUE(it.backend.saw_reset());
    EXPECT_FALSE(it.backend.saw_fin());
    EXPECT_EQ("client_truncated; client reset, backend reset; cut", ending_of(it.told()));
}

} // namespace
