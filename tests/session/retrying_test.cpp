// Servers that are away for a moment, and wants of our own: tried again within `timeouts.connect`.

#include "session/connect_calls.hpp"
#include "session/without_backend.hpp"

#include <cerrno>
#include <cstring>

namespace {

using namespace std::chrono_literals;
namespace net = ferrule::net;
namespace test = ferrule::test;
using ferrule::backends::server_choice;
using ferrule::metrics::server_counters;
using ferrule::test::ending_of;
using ferrule::test::expect_reset_without_backend;
using ferrule::test::greet;
using ferrule::test::refusing_server;
using ferrule::test::silent_server;
using ferrule::test::world;

TEST(retrying, resets_the_client_when_every_server_refuses_until_the_bound)
{
    const refusing_server first;
    const refusing_server second;
    server_counters refused;
    world it;
    it.pool->set_servers({first.as_server(refused), second.as_server(refused)});
    greet(it);
    test::expect_over_after(it, 5s);
    expect_reset_without_backend(it, "no_backend; client reset, backend none; none",
                                 "Connection refused");
    // After 0, 20, 60, 140, 300, 620, 1120 ms and then each 500 ms.
    EXPECT_EQ(28U, refused.connect_failures.get());
}

TEST(retrying, says_why_a_server_could_not_even_be_tried)
{
    world it;
    it.pool->set_servers({{"unix:/nowhere/at/all",
                           net::address::unix_socket("/nowhere/at/all").value(),
                           &it.server_counters,
                           {}}});
    greet(it);
    test::expect_over_after(it, 5s);
    expect_reset_without_backend(it, "no_backend; client reset, backend none; none",
                                 "No such file or directory");
    EXPECT_EQ(14U, it.server_counters.connect_failures.get());
}

TEST(retrying, says_so_if_no_server_has_an_address)
{
    world it;
    it.pool->set_servers({});
    greet(it);
    test::expect_over_after(it, 5s);
    expect_reset_without_backend(it, "no_backend; client reset, backend none; none",
                                 "no server has an address");
}

TEST(retrying, finds_a_server_whose_name_is_looked_up_meanwhile)
{
    world it;
    it.pool->set_servers({});
    greet(it);
    it.advance(3s);
    ASSERT_FALSE(it.is_over());
    it.pool->set_servers({{"app", it.backend.where(), &it.server_counters, {}}});
    it.advance(510ms);
    EXPECT_EQ("request", it.backend.received());
}

// --- servers that are away for a moment ----------------------------------------------------------

TEST(retrying, waits_for_a_server_that_restarts)
{
    world it;
    it.backend.refuse();
    greet(it);
    it.advance(3s);
    ASSERT_FALSE(it.is_over());
    it.backend.serve_again();
    it.advance(510ms);
    ASSERT_EQ("request", it.backend.received());
    it.backend.send("answer");
    it.backend.finish();
    it.client.say_goodbye();
    ASSERT_TRUE(it.finish(1s));
    EXPECT_EQ("answer", it.client.received());
    EXPECT_EQ(1U, it.server_counters.connects.get());
    EXPECT_TRUE(it.told().detail.empty());
}

TEST(retrying, serves_new_sessions_at_once_when_the_only_server_is_back)
{
    world it;
    for (int failure = 0; failure < 10; ++failure) {
        const auto when = it.now() - 1s - (9 - failure) * 1min;
        server_choice choice;
        it.pool->next(choice, when).failed(when);
    }
    greet(it);
    EXPECT_EQ("request", it.backend.received());
}

TEST(retrying, keeps_time_for_a_server_that_refused_while_another_is_silent)
{
    const silent_server silent;
    server_counters hung;
    world it;
    it.backend.refuse();
    it.pool->set_servers(
        {{"app", it.backend.where(), &it.server_counters, {}}, silent.as_server(hung)});
    greet(it);
    it.advance(1s);
    it.backend.serve_again();
    test::expect_after(it, 1520ms, [&] { return it.backend.is_connected(); });
    EXPECT_EQ("request", it.backend.received());
    EXPECT_EQ(1U, hung.connect_failures.get());
}

TEST(retrying, one_silent_server_of_two_makes_few_sessions_wait)
{
    const silent_server silent;
    server_counters hung;
    world it;
    it.pool->set_servers(
        {silent.as_server(hung), {"app", it.backend.where(), &it.server_counters, {}}});
    greet(it);
    test::expect_after(it, 2500ms, [&] { return it.backend.is_connected(); });
    const auto failed_at = it.now();
    int waited = 0;
    for (int session = 0; session < 1200; ++session) { // two minutes, ten a second
        server_choice choice;
        auto first = it.pool->next(choice, failed_at + session * 100ms);
        if (first->text != "silent")
            continue;
        ++waited;
        first.failed(failed_at + session * 100ms + 2500ms);
    }
    EXPECT_EQ(7, waited) << "after 1, 2, 4, 8, 16, 30 and 30 s";
}

TEST(retrying, a_connection_to_itself_is_a_server_that_refuses)
{
    world it;
    const net::address gone = refusing_server{}.as_server(it.server_counters).where;
    it.pool->set_servers({{"app", gone, &it.server_counters, true}});
    const test::connects_meet_themselves now{gone};
    greet(it);
    test::expect_over_after(it, 5s);
    expect_reset_without_backend(it, "no_backend; client reset, backend none; none",
                                 "Connection refused");
    EXPECT_EQ("", it.client.received()) << "its own bytes";
    EXPECT_EQ(0U, it.server_counters.connects.get());
    EXPECT_EQ(14U, it.server_counters.connect_failures.get());
    EXPECT_EQ(14, now.times());
}

TEST(retrying, a_server_on_a_local_port_that_does_listen_serves)
{
    world it;
    it.pool->set_servers({{"app", it.backend.where(), &it.server_counters, true}});
    it.establish("request");
    EXPECT_EQ("request", it.backend.received());
}

// --- wants of our own ----------------------------------------------------------------------------

TEST(retrying, tells_a_lack_of_ports_from_a_server_that_fails_and_waits_for_one)
{
    for (const int want : {EADDRNOTAVAIL, ENOBUFS, ENOMEM}) {
        world it;
        it.connect();
        {
            const test::connects_fail now{it.backend.where(), want};
            it.client.shake_hands("request");
            it.settle();
            it.advance(1s);
            ASSERT_FALSE(it.is_over());
        }
        it.advance(510ms);
        EXPECT_EQ("request", it.backend.received()) << strerror(want);
        EXPECT_EQ(0U, it.server_counters.connect_failures.get()) << "the server is not to blame";
    }
}

TEST(retrying, ends_as_a_limit_if_the_want_lasts)
{
    world it;
    const test::connects_fail now{it.backend.where(), EADDRNOTAVAIL};
    greet(it);
    test::expect_over_after(it, 5s);
    expect_reset_without_backend(it, "limit; client reset, backend none; none",
                                 "Cannot assign requested address");
    EXPECT_EQ(0U, it.server_counters.connect_failures.get());
    server_choice choice;
    EXPECT_EQ(0U, it.pool->next(choice, it.now())->failures);
}

TEST(retrying, tries_the_next_server_when_there_is_no_port_towards_one)
{
    const refusing_server portless;
    server_counters counters;
    world it;
    it.pool->set_servers(
        {portless.as_server(counters), {"app", it.backend.where(), &it.server_counters, {}}});
    const test::connects_fail now{portless.as_server(counters).where, EADDRNOTAVAIL};
    it.establish("request");
    EXPECT_EQ("request", it.backend.received());
    EXPECT_EQ(0U, counters.connect_failures.get());
}

// --- clients that leave between two tries --------------------------------------------------------

TEST(retrying, a_client_that_resets_between_two_tries_ends_the_session_at_once)
{
    world it;
    it.backend.refuse();
    greet(it);
    it.advance(1s);
    it.client.reset();
    it.settle();
    ASSERT_TRUE(it.is_over());
    EXPECT_EQ("client_reset; client gone, backend none; none", ending_of(it.told()));
}

TEST(retrying, a_client_that_leaves_while_it_probes_leaves_the_probe_to_the_next)
{
    const silent_server silent;
    world it;
    it.pool->set_servers({silent.as_server(it.server_counters)});
    {
        server_choice choice;
        it.pool->next(choice, it.now() - 1h).failed(it.now() - 1h);
    }
    greet(it);
    server_choice another;
    const auto probed = it.pool->next(another, it.now());
    ASSERT_TRUE(probed->is_probed) << "by the session";
    it.client.reset();
    it.settle();
    EXPECT_FALSE(probed->is_probed);
}

} // namespace
