// Sessions and their servers: the next one when one fails, and what is said when all have failed.

#include "session/bounds.hpp"
#include "session/told.hpp"

#include <fcntl.h>
#include <sys/resource.h>

namespace {

using namespace std::chrono_literals;
namespace net = ferrule::net;
namespace test = ferrule::test;
using ferrule::metrics::server_counters;
using ferrule::session::server;
using ferrule::test::ending_of;
using ferrule::test::silent_server;
using ferrule::test::world;
using ferrule::test::world_options;

/// A port that nobody listens on, kept for as long as this lives.
class refusing_server {
public:
    refusing_server() : socket_{test::make_tcp_socket(0)} { test::bind_to_loopback(socket_); }

    server as_server(server_counters& counters) const
    {
        const auto port = test::port_of(socket_.get());
        return {"refusing", net::address::ip("127.0.0.1", port).value(), &counters, {}};
    }

private:
    net::descriptor socket_;
};

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

void expect_reset_without_backend(world& it, const char* ending, const char* detail)
{
    ASSERT_TRUE(it.finish(200ms));
    EXPECT_EQ(ending, ending_of(it.told()));
    EXPECT_EQ(detail, it.told().detail.view());
    EXPECT_EQ("", it.told().server.view());
    EXPECT_TRUE(it.client.saw_reset());
    EXPECT_FALSE(it.client.saw_close_notify());
    EXPECT_FALSE(it.client.saw_fin()) << "a FIN would be an empty answer";
    EXPECT_EQ(0U, it.counters.sessions_open.get());
}

void greet(world& it)
{
    it.connect();
    it.client.shake_hands("request");
    it.settle();
}

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

TEST(connecting, resets_the_client_when_every_server_refuses)
{
    const refusing_server first;
    const refusing_server second;
    server_counters refused;
    world it;
    it.pool->set_servers({first.as_server(refused), second.as_server(refused)});
    greet(it);
    expect_reset_without_backend(it, "no_backend; client reset, backend none; whole",
                                 "Connection refused");
    EXPECT_EQ(2U, refused.connect_failures.get());
}

TEST(connecting, says_why_a_server_could_not_even_be_tried)
{
    world it;
    it.pool->set_servers({{"unix:/nowhere/at/all",
                           net::address::unix_socket("/nowhere/at/all").value(),
                           &it.server_counters,
                           {}}});
    greet(it);
    expect_reset_without_backend(it, "no_backend; client reset, backend none; whole",
                                 "No such file or directory");
    EXPECT_EQ(1U, it.server_counters.connect_failures.get());
}

TEST(connecting, says_so_if_no_server_has_an_address)
{
    world it;
    it.pool->set_servers({});
    greet(it);
    expect_reset_without_backend(it, "no_backend; client reset, backend none; whole",
                                 "no server has an address");
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
    expect_reset_without_backend(it, "limit; client reset, backend none; whole",
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
    EXPECT_EQ("client_reset; client gone, backend none; whole", ending_of(it.told()));
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
    EXPECT_EQ("client_eof, then backend_eof; client exchanged, backend exchanged; whole",
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
    EXPECT_EQ("client_truncated; client reset, backend reset; whole", ending_of(it.told()));
}

} // namespace
