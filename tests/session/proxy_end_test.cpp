// Ends that the proxy makes: drain, kill, and a process that cannot wait.
//
// Longer than 300 lines because each bound's tests stand together, as in the manual.

#include "session/timing.hpp"
#include "session/told.hpp"

namespace {

using namespace std::chrono_literals;
using ferrule::ending::cause;
using ferrule::ending::half_close;
using ferrule::ending::mode;
using ferrule::ending::proxy_policy;
using ferrule::ending::side;
using ferrule::test::ending_of;
using ferrule::test::expect_after;
using ferrule::test::expect_over_after;
using ferrule::test::text_of_size;
using ferrule::test::world;
using ferrule::test::world_options;

constexpr int small = 8192;

void exchange(world& it)
{
    it.client.send("request");
    it.settle();
    it.backend.send("answer");
    it.settle();
    ASSERT_EQ(it.backend.sent(), it.client.received());
}

/// A backend that was asked ends, and its client answers the goodbye that follows.
void answer_asking(world& it)
{
    EXPECT_FALSE(it.client.saw_close_notify()) << "the backend has not ended yet";
    it.backend.finish();
    it.settle();
    EXPECT_TRUE(it.client.saw_close_notify());
    it.client.say_goodbye();
    it.client.finish();
    EXPECT_TRUE(it.finish(1s));
}

void drain_in(world& it, ferrule::base::milliseconds spread, ferrule::base::milliseconds cut)
{
    it.current().drain(it.now() + spread, it.now() + cut);
    it.settle();
}

// --- drain ---------------------------------------------------------------------------------------

TEST(drain, asks_the_backend_of_a_quiet_session_at_its_point)
{
    world it;
    it.establish();
    exchange(it);
    drain_in(it, 7s, 30s);
    expect_after(it, 7s, [&] { return it.backend.saw_fin(); });
    answer_asking(it);
    EXPECT_EQ("drain, then backend_eof; client exchanged, backend exchanged; clean",
              ending_of(it.told()));
}

TEST(drain, looks_at_a_busy_session_again_each_second)
{
    world it;
    it.establish();
    drain_in(it, 1s, 60s);
    for (int turn = 0; turn < 5; ++turn) {
        exchange(it);
        it.advance(4900ms);
        ASSERT_FALSE(it.backend.saw_fin()) << "bytes have moved within `quiet`, which is 5 s";
    }
    exchange(it);
    it.advance(4999ms);
    EXPECT_FALSE(it.backend.saw_fin());
    it.advance(1100ms);
    EXPECT_TRUE(it.backend.saw_fin());
}

TEST(drain, does_not_ask_while_a_server_thinks)
{
    world it;
    it.establish();
    exchange(it);
    it.client.send("and now something that takes a while");
    it.settle();
    drain_in(it, 1s, 30s);
    it.advance(20s);
    EXPECT_FALSE(it.backend.saw_fin()) << "the client is owed an answer";
    it.backend.send("at last");
    expect_after(it, 5s, [&] { return it.backend.saw_fin(); });
    answer_asking(it);
    EXPECT_EQ(it.backend.sent(), it.client.received());
}

TEST(drain, resets_at_its_cut_a_client_whose_backend_does_not_answer_the_question)
{
    world it;
    it.establish();
    exchange(it);
    drain_in(it, 7s, 30s);
    expect_after(it, 7s, [&] { return it.backend.saw_fin(); });
    expect_over_after(it, 23s - 20ms);
    EXPECT_FALSE(it.client.saw_close_notify());
    EXPECT_EQ("drain; client reset, backend reset; cut", ending_of(it.told()));
}

TEST(drain, waits_until_its_cut_for_an_answer_that_pauses)
{
    world it;
    it.establish();
    exchange(it);
    drain_in(it, 7s, 30s);
    expect_after(it, 7s, [&] { return it.backend.saw_fin(); });
    it.advance(11s);
    it.backend.send("half of the rest, ");
    it.settle();
    it.advance(11s);
    it.backend.send("and the other half");
    it.settle();
    answer_asking(it);
    EXPECT_EQ(it.backend.sent(), it.client.received());
    EXPECT_EQ("drain, then backend_eof; client exchanged, backend exchanged; clean",
              ending_of(it.told()));
}

TEST(drain, delivers_what_the_backend_still_had_to_say)
{
    world it;
    it.establish();
    exchange(it);
    drain_in(it, 7s, 30s);
    it.advance(7s + 2 * world::tick);
    ASSERT_TRUE(it.backend.saw_fin());
    it.backend.send("the last words");
    it.settle();
    answer_asking(it);
    EXPECT_EQ(it.backend.sent(), it.client.received());
}

TEST(drain, counts_as_lost_what_the_client_sends_behind_the_question)
{
    world it;
    it.establish();
    exchange(it);
    drain_in(it, 7s, 30s);
    it.advance(7s + 2 * world::tick);
    ASSERT_TRUE(it.backend.saw_fin());
    it.client.send("too late");
    it.settle();
    answer_asking(it);
    EXPECT_EQ(8U, it.told().lost[0]);
    EXPECT_EQ("request", it.backend.received());
}

TEST(drain, leaves_a_half_closed_session_to_its_own_bounds)
{
    world it;
    it.establish();
    it.client.send("request");
    it.client.say_goodbye();
    it.settle();
    drain_in(it, 1s, 30s);
    it.advance(20s);
    EXPECT_FALSE(it.is_over()) << "its backend was asked by its client already";
    expect_over_after(it, 10s);
    EXPECT_FALSE(it.client.saw_close_notify());
    EXPECT_EQ(cause::drain, it.told().second);
}

TEST(drain, lets_a_transfer_go_on_until_the_cut)
{
    world it;
    it.establish();
    drain_in(it, 5s, 30s);
    for (int turn = 0; turn < 59; ++turn) { // a page that pauses is no page that has ended
        it.backend.send("x");
        it.advance(500ms);
        ASSERT_FALSE(it.is_over());
    }
    it.backend.send("x");
    expect_over_after(it, 500ms);
    EXPECT_TRUE(it.finish());
    EXPECT_EQ("drain; client reset, backend reset; cut", ending_of(it.told()));
    EXPECT_EQ(it.backend.sent(), it.client.received());
    EXPECT_FALSE(it.client.saw_close_notify());
}

TEST(drain, gives_a_cut_session_two_seconds_to_deliver)
{
    world_options given;
    given.client_window = given.send_buffer = small;
    world it{given};
    it.establish();
    it.client.stop_reading();
    it.backend.send(text_of_size(300'000));
    it.settle();
    drain_in(it, 5s, 30s);
    expect_after(it, 30s, [&] { return it.counters.sessions_closing.get() == 1; });
    expect_over_after(it, 2s - 20ms);
    EXPECT_EQ("drain; client reset, backend reset; lost", ending_of(it.told()));
}

TEST(drain, gives_a_session_that_is_closing_two_seconds_from_the_cut_on)
{
    world_options given;
    given.client_window = small;
    world it{given};
    it.establish();
    it.client.stop_reading();
    it.backend.send(text_of_size(50'000));
    it.backend.reset();
    it.settle();
    ASSERT_EQ(50'000U, it.bytes_read_from(side::backend));
    it.advance(5s);
    ASSERT_FALSE(it.is_over()) << "the client has not acknowledged everything";
    drain_in(it, 5s, 10s);
    expect_over_after(it, 12s);
    EXPECT_EQ("backend_reset; client reset, backend gone; lost", ending_of(it.told()));
}

TEST(drain, is_not_the_first_cause_of_a_session_whose_backend_is_known_to_be_gone)
{
    world_options given;
    given.client_window = given.send_buffer = small;
    world it{given};
    it.establish();
    it.client.stop_reading();
    it.backend.send(text_of_size(300'000));
    it.settle();
    it.backend.reset(); // its last bytes wait behind a client that takes nothing
    it.settle();
    EXPECT_EQ(1U, it.counters.resets[1][0].get());
    drain_in(it, 5s, 10s);
    ASSERT_TRUE(it.finish());
    EXPECT_EQ("backend_reset, then drain; client reset, backend gone; lost", ending_of(it.told()));
}

TEST(drain, leaves_the_bounds_of_a_session_that_is_closing_as_they_are_until_the_cut)
{
    world it;
    it.establish();
    it.backend.finish();
    it.settle();
    it.advance(2s);
    drain_in(it, 1s, 30s);
    it.advance(1s);
    EXPECT_FALSE(it.is_over()) << "half-closed and quiet for less than its own bound";
    EXPECT_TRUE(it.finish());
    EXPECT_EQ(cause::backend_eof, it.told().cause);
}

TEST(drain, ends_idle_sessions_only_at_the_cut_if_they_may_not_end_politely)
{
    world_options given;
    given.shutdown.rules.on_proxy_end = proxy_policy::reset;
    world it{given};
    it.establish();
    exchange(it);
    drain_in(it, 5s, 30s);
    expect_over_after(it, 30s);
    EXPECT_EQ("drain; client reset, backend reset; cut", ending_of(it.told()));
}

TEST(drain, ends_a_handshake_and_a_connect_at_the_cut)
{
    world_options given;
    given.timeouts.handshake = 60s;
    given.timeouts.connect = 60s;
    {
        world it{given};
        it.connect();
        drain_in(it, 5s, 30s);
        expect_over_after(it, 30s);
        EXPECT_EQ("drain; client reset, backend none; none", ending_of(it.told()));
    }
    const ferrule::test::silent_server silent;
    given.has_server = false;
    world it{given};
    it.pool->set_servers({silent.as_server(it.server_counters)});
    it.connect();
    it.client.shake_hands();
    it.settle();
    drain_in(it, 5s, 30s);
    expect_over_after(it, 30s);
    EXPECT_EQ("drain; client reset, backend none; none", ending_of(it.told()));
}

// --- end
// -------------------------------------------------------------------------------------------

TEST(end, asks_the_backend_if_the_session_is_quiet)
{
    world it;
    it.establish();
    exchange(it);
    it.advance(5s);
    it.current().end(cause::killed);
    it.settle();
    EXPECT_TRUE(it.backend.saw_fin());
    answer_asking(it);
    EXPECT_EQ("killed, then backend_eof; client exchanged, backend exchanged; clean",
              ending_of(it.told()));
}

TEST(end, is_told_by_resets_if_it_is_not)
{
    world it;
    it.establish();
    exchange(it);
    it.advance(4990ms);
    it.current().end(cause::killed);
    EXPECT_TRUE(it.finish(200ms));
    EXPECT_EQ("killed; client reset, backend reset; cut", ending_of(it.told()));
}

TEST(end, does_not_take_silence_for_quiet_in_which_the_worker_did_not_listen)
{
    world it;
    it.establish();
    exchange(it);
    it.advance(5s);
    it.around.served_since = it.now() - 1s;
    it.current().end(cause::killed);
    EXPECT_TRUE(it.finish(200ms));
    EXPECT_EQ("killed; client reset, backend reset; cut", ending_of(it.told()));
}

TEST(end, is_told_as_a_clean_one_if_the_operator_says_so)
{
    world_options given;
    given.shutdown.rules.on_proxy_end = proxy_policy::notify;
    world it{given};
    it.establish();
    exchange(it);
    it.current().end(cause::killed);
    it.settle();
    EXPECT_TRUE(it.client.saw_close_notify());
    EXPECT_TRUE(it.backend.saw_fin());
}

TEST(end, never_says_close_notify_in_mode_abort)
{
    world_options given;
    given.shutdown.rules.mode = mode::abort;
    world it{given};
    it.establish();
    it.advance(10s);
    it.current().end(cause::killed);
    it.settle();
    it.backend.finish();
    EXPECT_TRUE(it.finish());
    EXPECT_FALSE(it.client.saw_close_notify());
    EXPECT_TRUE(it.client.saw_reset());
    EXPECT_TRUE(it.backend.saw_fin());
}

TEST(end, delivers_what_was_read_before_it_resets)
{
    world_options given;
    given.client_window = given.send_buffer = small;
    world it{given};
    it.establish();
    it.client.stop_reading();
    it.backend.send(text_of_size(300'000));
    it.settle();
    const std::uint64_t read = it.bytes_read_from(side::backend);
    ASSERT_LT(read, 300'000U);
    it.current().end(cause::killed);
    it.settle();
    EXPECT_FALSE(it.is_over());
    it.client.read_on();
    ASSERT_TRUE(it.until([&] { return it.is_over(); }));
    EXPECT_TRUE(it.finish());
    EXPECT_EQ("killed; client reset, backend reset; cut", ending_of(it.told()));
    EXPECT_EQ(read, it.client.received().size());
}

TEST(end, keeps_its_first_word)
{
    world it;
    it.establish();
    it.current().end(cause::killed);
    it.current().end(cause::drain);
    EXPECT_TRUE(it.finish());
    EXPECT_EQ(cause::killed, it.told().cause);
}

TEST(end, in_the_turn_in_which_the_handshake_is_done_connects_to_nobody)
{
    world it;
    it.connect();
    it.client.stop_reading();
    it.client.shake_hands();
    it.settle();
    it.client.read_on();
    it.client.pump(); // the client's last flight waits in the kernel
    it.current().end(cause::killed);
    EXPECT_TRUE(it.finish());
    EXPECT_EQ("killed; client reset, backend none; none", ending_of(it.told()));
    EXPECT_FALSE(it.backend.is_connected());
    EXPECT_EQ(0U, it.server_counters.connects.get());
}

// --- end_at_once
// -----------------------------------------------------------------------------------

TEST(end_at_once, resets_both_sides_and_counts_what_is_lost)
{
    world_options given;
    given.client_window = given.send_buffer = small;
    world it{given};
    it.establish();
    it.client.stop_reading();
    it.backend.send(text_of_size(300'000));
    it.settle();
    it.current().end_at_once(cause::drain);
    it.settle();
    EXPECT_TRUE(it.is_over());
    EXPECT_EQ("drain; client reset, backend reset; lost", ending_of(it.told()));
    EXPECT_TRUE(it.finish());
    EXPECT_TRUE(it.client.saw_reset());
    EXPECT_TRUE(it.backend.saw_reset());
    EXPECT_GE(it.told().lost[1], it.told().bytes[1] - it.client.received().size() - 16'384);
}

TEST(end_at_once, ends_a_handshake_too)
{
    world it;
    it.connect();
    it.current().end_at_once(cause::drain);
    it.settle();
    EXPECT_TRUE(it.is_over());
    EXPECT_EQ("drain; client reset, backend none; none", ending_of(it.told()));
}

TEST(end_at_once, ends_a_session_that_is_closing_without_another_cause)
{
    world it;
    it.establish();
    it.backend.finish();
    it.client.say_goodbye();
    it.client.stop_reading();
    it.settle();
    if (!it.is_over())
        it.current().end_at_once(cause::drain);
    it.settle();
    EXPECT_TRUE(it.is_over());
    EXPECT_NE(cause::drain, it.told().cause);
}

// --- half_close: close
// -----------------------------------------------------------------------------

TEST(half_close_close, cuts_the_other_flow_at_the_first_clean_end)
{
    world_options given;
    given.shutdown.rules.half_close = half_close::close;
    world it{given};
    it.establish();
    it.client.send("request");
    it.client.say_goodbye();
    it.settle();
    EXPECT_EQ("request", it.backend.received());
    EXPECT_TRUE(it.backend.saw_fin()) << "its own flow is finished";
    EXPECT_TRUE(it.finish(200ms));
    EXPECT_FALSE(it.client.saw_close_notify()) << "the backend had not ended";
    EXPECT_EQ("client_eof; client reset, backend reset; cut", ending_of(it.told()));
}

} // namespace
