// Every bound before the first end: handshake, connect, idle, lifetime.
//
// Longer than 300 lines because each bound's tests stand together, as in the manual.

#include "session/timing.hpp"
#include "session/told.hpp"

namespace {

namespace test = ferrule::test;
using namespace std::chrono_literals;
using ferrule::base::off;
using ferrule::ending::act;
using ferrule::ending::cause;
using ferrule::ending::proxy_policy;
using ferrule::ending::side;
using ferrule::metrics::handshake_result;
using ferrule::test::ending_of;
using ferrule::test::expect_after;
using ferrule::test::expect_over_after;
using ferrule::test::silent_server;
using ferrule::test::text_of_size;
using ferrule::test::world;
using ferrule::test::world_options;

// --- handshake
// -------------------------------------------------------------------------------------

void expect_handshake_timeout(world& it)
{
    EXPECT_EQ("handshake_failed; client reset, backend none; none", ending_of(it.told()));
    EXPECT_EQ("timeout: the handshake took too long", it.told().detail.view());
    EXPECT_TRUE(it.finish());
    EXPECT_TRUE(it.client.saw_reset());
    EXPECT_FALSE(it.backend.is_connected());
    EXPECT_EQ(1U,
              it.counters.handshakes[static_cast<std::size_t>(handshake_result::timeout)].get());
}

TEST(handshake_bound, ends_a_client_that_says_nothing)
{
    world it;
    it.connect();
    expect_over_after(it, 10s);
    expect_handshake_timeout(it);
    EXPECT_EQ(0U, it.told().bytes[0]);
}

TEST(handshake_bound, is_not_moved_by_bytes)
{
    world it;
    it.connect();
    it.client.send_raw(std::string{"\x16\x03\x01\x02\x00", 5});
    for (int byte = 0; byte < 9; ++byte) {
        it.advance(1s);
        it.client.send_raw("\x01");
        it.settle();
    }
    expect_over_after(it, 1s);
    expect_handshake_timeout(it);
}

TEST(handshake_bound, ends_a_client_that_stops_half_way)
{
    world it;
    it.connect();
    it.client.stop_reading();
    it.client.shake_hands();
    it.advance(3s);
    expect_over_after(it, 7s);
    expect_handshake_timeout(it);
}

TEST(handshake_bound, does_not_outlive_the_handshake)
{
    world it;
    it.connect();
    it.advance(9s);
    it.client.shake_hands();
    ASSERT_TRUE(it.until([&] { return it.backend.is_connected(); }));
    it.advance(60s);
    EXPECT_FALSE(it.is_over());
}

// --- connect
// ---------------------------------------------------------------------------------------

world_options without_server()
{
    world_options given;
    given.has_server = false;
    return given;
}

void shake_hands_only(world& it)
{
    it.connect();
    it.client.shake_hands();
    it.settle();
    ASSERT_TRUE(it.client.is_established());
}

TEST(connect_bound, ends_a_session_whose_server_never_answers)
{
    const silent_server server;
    world it{without_server()};
    it.pool->set_servers({server.as_server(it.server_counters)});
    shake_hands_only(it);
    it.client.send("request");
    expect_over_after(it, 5s);
    EXPECT_EQ("no_backend; client reset, backend none; none", ending_of(it.told()));
    EXPECT_EQ("Connection timed out", it.told().detail.view());
    EXPECT_EQ(1U, it.server_counters.connect_failures.get());
    EXPECT_EQ(0U, it.server_counters.connects.get());
    EXPECT_TRUE(it.finish());
    EXPECT_TRUE(it.client.saw_reset());
    EXPECT_FALSE(it.client.saw_close_notify());
}

TEST(connect_bound, is_shared_by_all_servers_in_equal_parts)
{
    const silent_server first;
    const silent_server second;
    world it{without_server()};
    ferrule::metrics::server_counters silent;
    it.pool->set_servers({first.as_server(silent),
                          second.as_server(silent),
                          {"app", it.backend.where(), &it.server_counters, {}}});
    shake_hands_only(it);
    expect_after(it, 1667ms, [&] { return silent.connect_failures.get() == 1; });
    expect_after(it, 1667ms - 20ms, [&] { return it.backend.is_connected(); });
    EXPECT_EQ(2U, silent.connect_failures.get());
    EXPECT_EQ(1U, it.server_counters.connects.get());
    it.client.send_and_leave("request");
    it.settle();
    it.backend.finish();
    ASSERT_TRUE(it.finish(1s));
    EXPECT_EQ("app", it.told().server.view());
    EXPECT_TRUE(it.told().detail.empty()) << "servers that were tried before are not the ending";
    EXPECT_NEAR(3333, static_cast<double>(it.told().connect.count()) / 1000, 50);
}

// --- idle
// ------------------------------------------------------------------------------------------

TEST(idle_bound, asks_the_backend_of_a_silent_session)
{
    world it;
    it.establish();
    it.client.send("request");
    it.settle();
    it.backend.send("answer");
    it.settle();
    expect_after(it, 600s, [&] { return it.backend.saw_fin(); });
    EXPECT_FALSE(it.client.saw_close_notify()) << "its backend has not ended yet (E8)";
    it.backend.finish();
    it.settle();
    EXPECT_TRUE(it.client.saw_close_notify());
    it.client.say_goodbye();
    it.client.finish();
    EXPECT_TRUE(it.finish(1s));
    EXPECT_EQ("idle_timeout, then backend_eof; client exchanged, backend exchanged; clean",
              ending_of(it.told()));
    EXPECT_FALSE(it.client.saw_reset());
    EXPECT_FALSE(it.backend.saw_reset());
}

TEST(idle_bound, is_moved_by_every_byte_of_either_side)
{
    world it;
    it.establish();
    for (int turn = 0; turn < 3; ++turn) {
        it.advance(599s);
        it.client.send("x");
        it.settle();
        it.advance(599s);
        it.backend.send("x");
        it.settle();
    }
    ASSERT_FALSE(it.is_over());
    expect_after(it, 600s, [&] { return it.backend.saw_fin(); });
}

TEST(idle_bound, is_told_by_a_reset_if_the_backend_does_not_end)
{
    world_options given;
    given.timeouts.idle = 900ms;
    world it{given};
    it.establish();
    it.client.send("request");
    it.settle();
    expect_after(it, 900ms, [&] { return it.backend.saw_fin(); });
    expect_over_after(it, 5s - 20ms);
    EXPECT_TRUE(it.finish());
    EXPECT_EQ("idle_timeout, then half_close_timeout; client reset, backend reset; cut",
              ending_of(it.told()));
    EXPECT_TRUE(it.client.saw_reset());
    EXPECT_FALSE(it.client.saw_close_notify());
    EXPECT_TRUE(it.backend.saw_reset());
}

TEST(idle_bound, never_asks_in_the_middle_of_a_record)
{
    world_options given;
    given.timeouts.idle = 2s;
    world it{given};
    it.establish();
    it.client.send_half_a_record("upload");
    it.settle();
    expect_over_after(it, 2s);
    EXPECT_FALSE(it.backend.saw_fin()) << "an upload inside one record is no silence";
    EXPECT_EQ(cause::idle_timeout, it.told().cause);
    EXPECT_EQ(act::reset, it.told().backend_act);
}

TEST(idle_bound, is_moved_by_every_byte_of_a_record)
{
    world_options given;
    given.timeouts.idle = 2s;
    world it{given};
    it.establish();
    const std::string record = it.client.record_of("one message, sent very slowly");
    for (const char each : record) {
        it.client.send_raw({&each, 1});
        it.settle();
        it.advance(1500ms);
        ASSERT_FALSE(it.is_over());
    }
    EXPECT_EQ(it.client.sent(), it.backend.received());
}

TEST(idle_bound, does_not_count_against_an_end_that_comes_in_its_moment)
{
    world it;
    it.establish();
    it.client.send("request");
    it.settle();
    it.client.say_goodbye();
    it.jump(600s);
    EXPECT_TRUE(it.backend.saw_fin());
    it.advance(59s);
    it.backend.send("answer");
    it.backend.finish();
    it.settle();
    ASSERT_TRUE(it.finish(1s));
    EXPECT_EQ("answer", it.client.received());
    EXPECT_EQ("client_eof, then backend_eof; client exchanged, backend exchanged; clean",
              ending_of(it.told()));
}

TEST(idle_bound, does_not_begin_anew_for_an_acknowledgement_of_long_ago)
{
    world_options given;
    given.client_window = given.send_buffer = 8192;
    world it{given};
    it.establish();
    it.client.stop_reading();
    it.backend.send(text_of_size(300'000));
    it.settle();
    it.advance(10s); // it has been asked how much waits
    it.client.read_on();
    ASSERT_TRUE(it.until([&] { return it.client.received().size() == 300'000; }));
    it.settle();
    it.advance(600s - world::tick);
    EXPECT_FALSE(it.backend.saw_fin());
    it.advance(30s + 3 * world::tick); // at which it is asked again
    EXPECT_TRUE(it.backend.saw_fin());
}

TEST(idle_bound, can_be_switched_off)
{
    world_options given;
    given.timeouts.idle = off;
    world it{given};
    it.establish();
    it.advance(24h);
    EXPECT_FALSE(it.is_over());
    EXPECT_FALSE(it.client.saw_close_notify());
}

// --- idle while bytes wait
// -------------------------------------------------------------------------

TEST(write_stalled, ends_a_session_whose_client_takes_nothing)
{
    world_options given;
    given.client_window = given.send_buffer = 8192;
    world it{given};
    it.establish();
    it.client.stop_reading();
    it.backend.send(text_of_size(300'000));
    it.settle();
    // Nothing moves from here on; the cut session still has stall_timeout to deliver.
    expect_after(it, 600s, [&] { return it.counters.sessions_closing.get() == 1; });
    expect_over_after(it, 30s - 20ms);
    EXPECT_EQ("write_stalled, then write_stalled; client reset, backend reset; lost",
              ending_of(it.told()));
    EXPECT_TRUE(it.finish());
    EXPECT_TRUE(it.client.saw_reset());
    EXPECT_FALSE(it.client.saw_close_notify());
    EXPECT_TRUE(it.backend.saw_reset());
    EXPECT_GT(it.told().lost[1], 0U);
}

TEST(write_stalled, ends_a_session_whose_backend_takes_nothing)
{
    world_options given;
    given.backend_window = given.send_buffer = 8192;
    world it{given};
    it.establish();
    it.backend.stop_reading();
    it.client.send(text_of_size(300'000));
    it.settle();
    expect_after(it, 600s, [&] { return it.counters.sessions_closing.get() == 1; });
    expect_over_after(it, 30s - 20ms);
    EXPECT_EQ("write_stalled, then write_stalled; client reset, backend reset; lost",
              ending_of(it.told()));
    EXPECT_TRUE(it.finish());
    EXPECT_TRUE(it.backend.saw_reset());
    EXPECT_FALSE(it.backend.saw_fin());
    EXPECT_EQ(it.told().bytes[0] - it.told().lost[0], it.backend.received().size());
}

TEST(write_stalled, sees_bytes_that_wait_in_the_kernel_alone)
{
    world_options given;
    given.client_window = 4096;
    world it{given};
    it.establish();
    it.client.stop_reading();
    it.backend.send(text_of_size(30'000));
    it.settle();
    ASSERT_EQ(30'000U, it.bytes_read_from(side::backend));
    ASSERT_GT(ferrule::test::unacknowledged(it.client_side()), 0);
    expect_after(it, 600s, [&] { return it.counters.sessions_closing.get() == 1; });
    it.client.read_on();
    ASSERT_TRUE(it.until([&] { return it.client.received().size() == 30'000; }));
    EXPECT_TRUE(it.finish(1s));
    EXPECT_EQ("write_stalled; client reset, backend reset; cut", ending_of(it.told()));
    EXPECT_FALSE(it.client.saw_close_notify()) << "bytes waited: it was not idle";
}

/// The client takes a little each time that `pause` has passed, and the session goes on.
void expect_alive_while_it_takes_a_little(world& it, std::chrono::seconds pause)
{
    for (int turn = 0; turn < 3; ++turn) {
        it.advance(pause);
        ASSERT_FALSE(it.is_over());
        ASSERT_EQ(0U, it.counters.sessions_closing.get());
        const int before = test::unacknowledged(it.client_side());
        it.client.gulp();
        ASSERT_TRUE(it.wait_for([&] { return test::unacknowledged(it.client_side()) != before; }));
        it.settle();
    }
}

TEST(write_stalled, is_not_said_of_a_client_that_takes_a_little_now_and_then)
{
    world_options given;
    given.client_window = given.send_buffer = 8192;
    world it{given};
    it.establish();
    it.client.stop_reading();
    it.backend.send(text_of_size(300'000));
    it.settle();
    expect_alive_while_it_takes_a_little(it, 500s);
}

TEST(write_stalled, is_not_said_of_a_client_that_takes_what_the_kernel_holds_now_and_then)
{
    world_options given;
    given.client_window = 4096;
    world it{given};
    it.establish();
    it.client.stop_reading();
    it.backend.send(text_of_size(30'000));
    it.settle();
    ASSERT_EQ(30'000U, it.bytes_read_from(side::backend));
    expect_alive_while_it_takes_a_little(it, 400s);
}

// --- lifetime
// --------------------------------------------------------------------------------------

TEST(lifetime_bound, ends_a_busy_session_by_resets)
{
    world_options given;
    given.timeouts.lifetime = 60s;
    world it{given};
    it.establish();
    it.advance(59'500ms - (it.now() - ferrule::base::time_point{1h}));
    it.client.send("request");
    it.settle();
    expect_over_after(it, 500ms);
    EXPECT_TRUE(it.finish());
    EXPECT_EQ("lifetime; client reset, backend reset; cut", ending_of(it.told()));
    EXPECT_EQ("request", it.backend.received());
    EXPECT_FALSE(it.client.saw_close_notify());
}

TEST(lifetime_bound, asks_the_backend_of_a_quiet_session)
{
    world_options given;
    given.timeouts.lifetime = 60s;
    world it{given};
    it.establish();
    it.client.send("request");
    it.settle();
    it.backend.send("answer");
    expect_after(it, 60s, [&] { return it.backend.saw_fin(); });
    EXPECT_FALSE(it.client.saw_close_notify());
}

TEST(lifetime_bound, counts_from_the_accepted_connection_on)
{
    world_options given;
    given.timeouts.lifetime = 3s;
    world it{given};
    it.connect();
    expect_over_after(it, 3s);
    EXPECT_EQ("lifetime; client reset, backend none; none", ending_of(it.told()));
}

} // namespace
