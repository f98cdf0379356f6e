// What ordinary sessions do, told from both ends, in TLS 1.2 and TLS 1.3.

#include "session/told.hpp"
#include "session/world.hpp"

namespace {

using namespace std::chrono_literals;
using ferrule::ending::side;
using ferrule::test::ending_of;
using ferrule::test::text_of_size;
using ferrule::test::world;
using ferrule::test::world_options;

class happy : public ::testing::TestWithParam<int> {
protected:
    static world_options options() { return {.version = GetParam()}; }
    static bool is_tls13() { return GetParam() == TLS1_3_VERSION; }
};

INSTANTIATE_TEST_SUITE_P(session, happy, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& given) {
                             return given.param == TLS1_2_VERSION ? "tls_1_2" : "tls_1_3";
                         });

void expect_exchange(world& it, const char* ending)
{
    ASSERT_TRUE(it.finish(1s)) << "an ordinary end takes no waiting";
    EXPECT_EQ(ending, ending_of(it.told()));
    EXPECT_EQ(it.client.sent(), it.backend.received());
    EXPECT_EQ(it.backend.sent(), it.client.received());
    EXPECT_EQ(it.client.sent().size(), it.told().bytes[0]);
    EXPECT_EQ(it.backend.sent().size(), it.told().bytes[1]);
    EXPECT_TRUE(it.client.saw_close_notify());
    EXPECT_TRUE(it.client.saw_fin());
    EXPECT_FALSE(it.client.saw_reset());
    EXPECT_FALSE(it.client.has_failed());
    EXPECT_FALSE(it.client.saw_bytes_behind_close_notify());
    EXPECT_TRUE(it.backend.saw_fin());
    EXPECT_FALSE(it.backend.saw_reset());
    EXPECT_EQ(0U, it.counters.sessions_open.get());
}

TEST_P(happy, a_request_is_answered_and_the_client_ends_first)
{
    world it{options()};
    it.establish();
    it.client.send("request");
    it.settle();
    EXPECT_EQ("request", it.backend.received());
    it.backend.send("answer");
    it.settle();
    EXPECT_EQ("answer", it.client.received());

    it.client.say_goodbye();
    it.client.finish();
    it.settle();
    EXPECT_TRUE(it.backend.saw_fin());
    EXPECT_FALSE(it.client.saw_close_notify()) << "the backend has not ended";
    it.backend.finish();
    it.settle();
    expect_exchange(it, "client_eof, then backend_eof; client exchanged, backend exchanged; clean");
}

TEST_P(happy, a_request_is_answered_and_the_backend_ends_first)
{
    world it{options()};
    it.establish();
    it.client.send("request");
    it.settle();
    it.backend.send("answer");
    it.backend.finish();
    it.settle();
    EXPECT_EQ("answer", it.client.received());
    EXPECT_TRUE(it.client.saw_close_notify());
    EXPECT_TRUE(it.client.saw_fin()) << "the FIN stands right behind the close_notify";
    EXPECT_FALSE(it.backend.saw_fin()) << "the client has not ended";

    it.client.say_goodbye();
    it.client.finish();
    it.settle();
    expect_exchange(it, "backend_eof, then client_eof; client exchanged, backend exchanged; clean");
}

TEST_P(happy, a_close_notify_needs_no_fin_behind_it)
{
    world it{options()};
    it.establish();
    it.client.send("request");
    it.client.say_goodbye();
    it.settle();
    EXPECT_TRUE(it.backend.saw_fin());
    it.backend.send("answer");
    it.backend.finish();
    it.settle();
    expect_exchange(it, "client_eof, then backend_eof; client exchanged, backend exchanged; clean");
}

TEST_P(happy, a_client_that_has_ended_still_gets_its_answer)
{
    world it{options()};
    it.establish();
    it.client.send_and_leave("request");
    it.settle();
    EXPECT_TRUE(it.backend.saw_fin());
    for (int piece = 0; piece < 5; ++piece) {
        it.advance(30s);
        it.backend.send(text_of_size(20'000));
        it.settle();
        EXPECT_EQ(it.backend.sent(), it.client.received());
    }
    EXPECT_EQ(1U, it.counters.sessions_half_closed.get());
    it.backend.finish();
    it.settle();
    expect_exchange(it, "client_eof, then backend_eof; client exchanged, backend exchanged; clean");
    EXPECT_EQ(150s, it.told().half_closed);
    EXPECT_EQ(0U, it.counters.sessions_half_closed.get());
}

TEST_P(happy, a_backend_that_has_ended_still_gets_the_upload)
{
    world it{options()};
    it.establish();
    it.backend.send("go on");
    it.backend.finish();
    it.settle();
    EXPECT_TRUE(it.client.saw_close_notify());
    for (int piece = 0; piece < 5; ++piece) {
        it.advance(4s);
        it.client.send(text_of_size(20'000));
        it.settle();
        EXPECT_EQ(it.client.sent(), it.backend.received());
    }
    it.client.say_goodbye();
    it.settle();
    expect_exchange(it, "backend_eof, then client_eof; client exchanged, backend exchanged; clean");
    EXPECT_EQ(20s, it.told().half_closed);
}

TEST_P(happy, nobody_says_a_byte_and_both_end)
{
    world it{options()};
    it.establish();
    it.client.say_goodbye();
    it.backend.finish();
    ASSERT_TRUE(it.finish(1s));
    EXPECT_TRUE(it.told().outcome == ferrule::ending::outcome::clean);
    EXPECT_TRUE(it.client.saw_close_notify());
    EXPECT_TRUE(it.backend.saw_fin());
    EXPECT_FALSE(it.client.saw_reset());
    EXPECT_FALSE(it.backend.saw_reset());
}

// --- what comes with the end of the handshake
// ------------------------------------------------------

TEST_P(happy, a_request_in_the_segment_of_finished_is_relayed_without_another_event)
{
    world it{options()};
    it.connect();
    it.client.shake_hands("request");
    ASSERT_TRUE(it.until([&] { return it.backend.is_connected(); }));
    it.settle();
    EXPECT_EQ("request", it.backend.received());
}

TEST_P(happy, more_than_one_read_in_the_segment_of_finished_is_relayed)
{
    world it{options()};
    it.connect();
    it.client.shake_hands(text_of_size(100'000));
    ASSERT_TRUE(it.until([&] { return it.backend.is_connected(); }));
    it.settle();
    EXPECT_EQ(text_of_size(100'000), it.backend.received());
}

TEST_P(happy, a_client_that_leaves_with_finished_gets_a_whole_session)
{
    world it{options()};
    it.connect();
    it.client.shake_hands("request", true);
    ASSERT_TRUE(it.until([&] { return it.backend.is_connected(); }));
    it.settle();
    EXPECT_EQ("request", it.backend.received());
    EXPECT_TRUE(it.backend.saw_fin());
    it.backend.send("answer");
    it.backend.finish();
    it.settle();
    expect_exchange(it, "client_eof, then backend_eof; client exchanged, backend exchanged; clean");
}

// --- much
// ------------------------------------------------------------------------------------------

TEST_P(happy, a_mebibyte_goes_each_way_through_small_windows_at_once)
{
    world_options narrow = options();
    narrow.client_window = narrow.backend_window = 8192;
    narrow.send_buffer = 8192;
    world it{narrow};
    it.establish();
    it.client.send(text_of_size(1 << 20, 7));
    it.backend.send(text_of_size(1 << 20, 8));
    it.client.say_goodbye();
    it.client.finish();
    it.backend.finish();
    ASSERT_TRUE(it.until([&] { return it.is_over(); }));
    ASSERT_TRUE(it.finish(1s));
    EXPECT_EQ(it.client.sent(), it.backend.received());
    EXPECT_EQ(it.backend.sent(), it.client.received());
    EXPECT_TRUE(it.client.saw_close_notify());
    EXPECT_TRUE(it.told().outcome == ferrule::ending::outcome::clean);
}

TEST_P(happy, a_client_that_pauses_does_not_stop_the_other_direction)
{
    world_options narrow = options();
    narrow.client_window = 8192;
    narrow.send_buffer = 8192;
    world it{narrow};
    it.establish();
    it.client.stop_reading();
    it.backend.send(text_of_size(300'000));
    it.settle();
    it.client.send(text_of_size(50'000, 2));
    it.settle();
    EXPECT_EQ(it.client.sent(), it.backend.received());
    EXPECT_GT(it.backend.sent().size(), it.bytes_read_from(side::backend))
        << "a sink that takes nothing stops its source";
    it.client.read_on();
    EXPECT_TRUE(it.until([&] { return it.client.received() == it.backend.sent(); }));
}

} // namespace
