// Every bound from the first end on: half_close_timeout, timeout, stall_timeout, linger, deadline.
//
// Longer than 300 lines because each bound's tests stand together, as in the manual.

#include "session/timing.hpp"
#include "session/told.hpp"

namespace {

namespace test = ferrule::test;
using namespace std::chrono_literals;
using ferrule::ending::backend_policy;
using ferrule::ending::mode;
using ferrule::ending::side;
using ferrule::metrics::shutdown_timeout;
using ferrule::test::ending_of;
using ferrule::test::expect_after;
using ferrule::test::expect_over_after;
using ferrule::test::text_of_size;
using ferrule::test::world;
using ferrule::test::world_options;

constexpr int small = 8192;

/// The client reads what has arrived, and as much comes after it.
void take_some(world& it)
{
    const int before = test::unacknowledged(it.client_side());
    it.client.gulp();
    ASSERT_TRUE(it.wait_for([&] { return test::unacknowledged(it.client_side()) != before; }));
    it.settle();
}

// --- half_close_timeout
// ----------------------------------------------------------------------------

TEST(half_close_timeout, bounds_the_silence_of_a_backend_whose_client_has_ended)
{
    world it;
    it.establish();
    it.client.send("request");
    it.client.say_goodbye();
    it.settle();
    expect_over_after(it, 60s);
    EXPECT_EQ(1U, it.timeouts_counted(shutdown_timeout::half_close));
    EXPECT_TRUE(it.finish());
    EXPECT_EQ("client_eof, then half_close_timeout; client reset, backend reset; cut",
              ending_of(it.told()));
    EXPECT_FALSE(it.client.saw_close_notify()) << "nobody knows whether the answer is all (E8)";
}

TEST(half_close_timeout, is_called_a_clean_end_only_if_the_operator_says_so)
{
    world_options given;
    given.shutdown.rules.on_proxy_end = ferrule::ending::proxy_policy::notify;
    world it{given};
    it.establish();
    it.client.send("request");
    it.client.say_goodbye();
    it.settle();
    expect_after(it, 60s, [&] { return it.client.saw_close_notify(); });
    EXPECT_TRUE(it.finish());
    EXPECT_EQ("client_eof, then half_close_timeout; client exchanged, backend sent; cut",
              ending_of(it.told()));
}

TEST(half_close_timeout, is_moved_by_every_byte_of_the_backend)
{
    world it;
    it.establish();
    it.client.say_goodbye();
    it.settle();
    for (int turn = 0; turn < 5; ++turn) {
        it.advance(59s);
        it.backend.send("x");
        it.settle();
    }
    ASSERT_FALSE(it.is_over());
    expect_over_after(it, 60s);
}

TEST(half_close_timeout, does_not_hold_for_a_client_whose_backend_has_ended)
{
    world_options given;
    given.shutdown.timeout = 200s;
    world it{given};
    it.establish();
    it.backend.finish();
    it.settle();
    it.advance(150s);
    EXPECT_FALSE(it.is_over());
    EXPECT_EQ(0U, it.timeouts_counted(shutdown_timeout::half_close));
}

// --- timeout (of the client's close_notify)
// --------------------------------------------------------

TEST(close_notify_timeout, releases_a_client_that_never_answers_and_resets_its_backend)
{
    world it;
    it.establish();
    it.backend.send("answer");
    it.backend.finish();
    it.settle();
    ASSERT_TRUE(it.client.saw_close_notify());
    expect_over_after(it, 5s);
    EXPECT_EQ("backend_eof, then close_timeout; client sent, backend reset; cut",
              ending_of(it.told()));
    EXPECT_EQ(1U, it.timeouts_counted(shutdown_timeout::close_notify));
    EXPECT_TRUE(it.finish());
    EXPECT_TRUE(it.backend.saw_reset());
    EXPECT_FALSE(it.backend.saw_fin()) << "the client has not ended";
    EXPECT_FALSE(it.client.saw_reset());
}

TEST(close_notify_timeout, is_moved_by_every_byte_of_the_upload)
{
    world it;
    it.establish();
    it.backend.finish();
    it.settle();
    for (int turn = 0; turn < 5; ++turn) {
        it.advance(4900ms);
        it.client.send("x");
        it.settle();
    }
    EXPECT_EQ("xxxxx", it.backend.received());
    ASSERT_FALSE(it.is_over());
    expect_over_after(it, 5s);
}

TEST(close_notify_timeout, begins_once_the_client_has_acknowledged_everything)
{
    world_options given;
    given.client_window = given.send_buffer = small;
    world it{given};
    it.establish();
    it.client.stop_reading();
    it.backend.send(text_of_size(200'000));
    it.backend.finish();
    for (int turn = 0; turn < 4; ++turn) {
        it.advance(20s);
        take_some(it);
    }
    ASSERT_FALSE(it.is_over()) << "80 s, but each pause was shorter than stall_timeout";
    it.client.read_on();
    ASSERT_TRUE(it.until([&] { return it.client.saw_close_notify(); }));
    it.advance(100ms); // the acknowledgement is asked for each 100 ms by now
    ASSERT_FALSE(it.is_over());
    it.advance(4800ms);
    EXPECT_FALSE(it.is_over());
    it.advance(220ms);
    EXPECT_TRUE(it.is_over());
    EXPECT_EQ("backend_eof, then close_timeout; client sent, backend reset; cut",
              ending_of(it.told()));
}

TEST(close_notify_timeout, bounds_the_wait_after_an_end_of_ours_that_is_called_clean)
{
    world_options given;
    given.shutdown.rules.on_proxy_end = ferrule::ending::proxy_policy::notify;
    given.timeouts.idle = 60s;
    given.shutdown.linger = 1s;
    world it{given};
    it.establish();
    expect_after(it, 60s, [&] { return it.client.saw_close_notify(); });
    // The client's timeout first, then the backend's linger.
    expect_over_after(it, 6s - 20ms);
    EXPECT_EQ("idle_timeout, then close_timeout; client sent, backend sent; cut",
              ending_of(it.told()));
}

// --- stall_timeout
// ---------------------------------------------------------------------------------

TEST(stall_timeout, cuts_a_session_whose_client_takes_nothing_after_the_backend_has_ended)
{
    world_options given;
    given.client_window = small;
    world it{given};
    it.establish();
    it.client.stop_reading();
    it.backend.send(text_of_size(30'000));
    it.backend.finish();
    it.settle();
    ASSERT_EQ(30'000U, it.bytes_read_from(side::backend));
    expect_over_after(it, 30s);
    EXPECT_EQ("backend_eof, then write_stalled; client reset, backend reset; lost",
              ending_of(it.told()));
    EXPECT_EQ(1U, it.timeouts_counted(shutdown_timeout::stall));
    EXPECT_TRUE(it.finish());
    EXPECT_TRUE(it.client.saw_reset());
    EXPECT_FALSE(it.client.saw_close_notify());
    EXPECT_TRUE(it.backend.saw_reset());
    EXPECT_GT(it.told().lost[1], 0U);
}

TEST(stall_timeout, cuts_a_session_whose_backend_takes_nothing_after_the_client_has_ended)
{
    world_options given;
    given.backend_window = given.send_buffer = small;
    world it{given};
    it.establish();
    it.backend.stop_reading();
    it.client.send(text_of_size(30'000));
    it.client.say_goodbye();
    it.settle();
    ASSERT_EQ(30'000U, it.bytes_read_from(side::client));
    // The goodbye waits behind bytes that nobody takes; it is seen when they are taken.
    for (int turn = 0; turn < 10 && it.counters.sessions_closing.get() == 0; ++turn) {
        it.backend.gulp();
        it.settle();
    }
    ASSERT_EQ(1U, it.counters.sessions_closing.get());
    expect_over_after(it, 30s);
    EXPECT_EQ("client_eof, then write_stalled; client reset, backend reset; lost",
              ending_of(it.told()));
    EXPECT_TRUE(it.finish());
    EXPECT_EQ(30'000U - it.told().lost[0], it.backend.received().size());
    EXPECT_FALSE(it.backend.saw_fin());
}

TEST(stall_timeout, is_moved_by_every_byte_that_the_client_takes)
{
    world_options given;
    given.client_window = given.send_buffer = small;
    world it{given};
    it.establish();
    it.client.stop_reading();
    it.backend.send(text_of_size(100'000));
    it.backend.finish();
    it.settle();
    for (int turn = 0; turn < 4; ++turn) {
        it.advance(28s);
        ASSERT_FALSE(it.is_over());
        take_some(it);
    }
    it.advance(25s);
    ASSERT_FALSE(it.is_over());
    it.client.read_on();
    ASSERT_TRUE(it.until([&] { return it.client.saw_close_notify(); }));
    it.client.say_goodbye();
    it.settle();
    ASSERT_TRUE(it.finish(1s));
    EXPECT_EQ(it.backend.sent(), it.client.received());
    EXPECT_EQ("backend_eof, then client_eof; client exchanged, backend exchanged; clean",
              ending_of(it.told()));
}

TEST(stall_timeout, bounds_bytes_that_wait_in_the_kernel_alone)
{
    world_options given;
    given.client_window = 4096;
    world it{given};
    it.establish();
    it.client.stop_reading();
    it.backend.send(text_of_size(30'000));
    it.backend.reset();
    it.settle();
    ASSERT_EQ(30'000U, it.bytes_read_from(side::backend));
    expect_over_after(it, 30s);
    EXPECT_EQ("backend_reset, then write_stalled; client reset, backend gone; lost",
              ending_of(it.told()));
    EXPECT_GT(it.told().lost[1], 0U);
    EXPECT_LT(it.told().lost[1], 30'000U) << "some of it was acknowledged";
}

TEST(stall_timeout, lets_a_reset_wait_until_a_slow_client_has_everything)
{
    world_options given;
    given.client_window = given.send_buffer = small;
    world it{given};
    it.establish();
    it.client.stop_reading();
    it.backend.send(text_of_size(30'000));
    it.settle();
    it.backend.reset();
    it.settle();
    it.advance(20s);
    ASSERT_FALSE(it.is_over());
    it.client.read_on();
    ASSERT_TRUE(it.until([&] { return it.is_over(); }));
    ASSERT_TRUE(it.finish());
    EXPECT_EQ("backend_reset; client reset, backend gone; cut", ending_of(it.told()));
    EXPECT_EQ(it.backend.sent(), it.client.received());
    EXPECT_TRUE(it.client.saw_reset());
    EXPECT_FALSE(it.client.saw_close_notify());
}

// --- linger, linger_bytes
// --------------------------------------------------------------------------

TEST(linger, releases_the_client_in_mode_notify)
{
    world_options given;
    given.shutdown.rules.mode = mode::notify;
    world it{given};
    it.establish();
    it.backend.send("answer");
    it.backend.finish();
    it.settle();
    ASSERT_TRUE(it.client.saw_close_notify());
    expect_over_after(it, 2s);
    EXPECT_EQ("backend_eof; client sent, backend reset; cut", ending_of(it.told()));
}

TEST(linger, is_not_moved_by_what_is_thrown_away)
{
    world_options given;
    given.shutdown.rules.mode = mode::notify;
    world it{given};
    it.establish();
    it.backend.finish();
    it.settle();
    for (int turn = 0; turn < 3; ++turn) {
        it.advance(500ms);
        it.client.send("late");
        it.settle();
    }
    expect_over_after(it, 500ms);
    EXPECT_EQ(12U, it.told().lost[0]) << "it was read, and nobody has it";
    EXPECT_EQ(12U, it.told().bytes[0]);
    EXPECT_EQ("backend_eof; client sent, backend reset; lost", ending_of(it.told()));
}

TEST(linger, ends_with_the_end_of_the_client)
{
    world_options given;
    given.shutdown.rules.mode = mode::notify;
    world it{given};
    it.establish();
    it.backend.finish();
    it.settle();
    it.advance(500ms);
    it.client.say_goodbye();
    it.settle();
    ASSERT_TRUE(it.finish(100ms));
    EXPECT_EQ("backend_eof, then client_eof; client exchanged, backend reset; cut",
              ending_of(it.told()));
}

TEST(linger, ends_when_linger_bytes_were_thrown_away)
{
    world_options given;
    given.shutdown.rules.mode = mode::notify;
    given.shutdown.linger = 60s;
    given.shutdown.linger_bytes = 100'000;
    world it{given};
    it.establish();
    it.backend.finish();
    it.settle();
    it.client.send(text_of_size(90'000));
    it.settle();
    EXPECT_EQ(90'000U, it.bytes_read_from(side::client));
    EXPECT_FALSE(it.is_over());
    it.client.send(text_of_size(200'000));
    it.settle();
    EXPECT_TRUE(it.is_over());
    EXPECT_GE(it.told().lost[0], 90'000U) << "received are 100 000, the last record in part";
    EXPECT_LT(it.told().lost[0], 150'000U);
    EXPECT_EQ(it.told().bytes[0], it.told().lost[0]);
}

TEST(linger, follows_a_truncation_that_the_operator_chose)
{
    world_options given;
    given.shutdown.rules.on_backend_reset = backend_policy::truncate;
    world it{given};
    it.establish();
    it.backend.send("half of it");
    it.settle();
    it.backend.reset();
    it.settle();
    EXPECT_EQ("half of it", it.client.received());
    EXPECT_TRUE(it.client.saw_fin());
    EXPECT_FALSE(it.client.saw_close_notify());
    expect_over_after(it, 2s);
    EXPECT_EQ("backend_reset; client sent, backend gone; cut", ending_of(it.told()));
}

TEST(linger, follows_an_alert)
{
    world it;
    it.establish();
    it.client.send("request");
    it.client.send_spoiled_record("more");
    it.settle();
    EXPECT_TRUE(it.client.saw_alert());
    EXPECT_TRUE(it.client.saw_fin());
    EXPECT_FALSE(it.client.saw_close_notify());
    EXPECT_EQ("request", it.backend.received());
    expect_over_after(it, 2s);
    EXPECT_EQ("tls_error; client exchanged, backend reset; cut", ending_of(it.told()));
    EXPECT_EQ("decryption failed or bad record mac", it.told().detail.view());
}

// --- deadline
// --------------------------------------------------------------------------------------

TEST(deadline, ends_everything_however_much_moves)
{
    world_options given;
    given.client_window = small;
    given.send_buffer = 400'000;
    given.shutdown.deadline = 100s;
    world it{given};
    it.establish();
    it.client.stop_reading();
    it.client.say_goodbye();
    it.backend.send(text_of_size(250'000));
    it.backend.finish();
    it.settle();
    ASSERT_EQ(250'000U, it.bytes_read_from(side::backend));
    ASSERT_EQ(0U, it.counters.sessions_half_closed.get()) << "both have ended";
    for (int turn = 0; turn < 4; ++turn) {
        it.advance(20s);
        ASSERT_FALSE(it.is_over());
        take_some(it);
    }
    expect_over_after(it, 20s);
    EXPECT_EQ("client_eof, then backend_eof; client reset, backend exchanged; lost",
              ending_of(it.told()));
    EXPECT_EQ(1U, it.timeouts_counted(shutdown_timeout::deadline));
    EXPECT_EQ(0U, it.timeouts_counted(shutdown_timeout::stall));
    EXPECT_TRUE(it.finish());
    EXPECT_GT(it.client.received().size(), 30'000U);
    EXPECT_TRUE(it.client.saw_reset());
    EXPECT_FALSE(it.client.saw_close_notify());
}

TEST(deadline, does_not_cut_what_is_complete_by_then)
{
    world_options given;
    given.client_window = small;
    given.send_buffer = 400'000;
    given.shutdown.deadline = 20s;
    world it{given};
    it.establish();
    it.client.stop_reading();
    it.client.say_goodbye();
    it.backend.send(text_of_size(50'000));
    it.backend.finish();
    it.settle();
    ASSERT_EQ(50'000U, it.bytes_read_from(side::backend));
    it.advance(10s);
    ASSERT_FALSE(it.is_over());
    it.client.read_on();
    ASSERT_TRUE(test::comes_true([&] { // while the session stands still
        it.client.pump();
        return it.client.saw_fin() && test::unacknowledged(it.client_side()) == 0;
    }));
    it.jump(3min);
    EXPECT_TRUE(it.is_over());
    EXPECT_EQ("client_eof, then backend_eof; client exchanged, backend exchanged; clean",
              ending_of(it.told()));
    EXPECT_EQ(0U, it.timeouts_counted(shutdown_timeout::deadline));
}

TEST(deadline, is_armed_by_the_second_end_only)
{
    world it;
    it.establish();
    it.client.say_goodbye();
    it.settle();
    for (int turn = 0; turn < 30; ++turn) {
        it.advance(50s);
        it.backend.send("x");
        it.settle();
    }
    EXPECT_FALSE(it.is_over()) << "a download may last for hours after the client's end";
    EXPECT_EQ(0U, it.timeouts_counted(shutdown_timeout::deadline));
}

} // namespace
