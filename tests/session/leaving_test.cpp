// Peers that leave without manners, and what is saved of what they said.

#include "session/told.hpp"
#include "session/world.hpp"

namespace {

using namespace std::chrono_literals;
using ferrule::ending::side;
using ferrule::test::ending_of;
using ferrule::test::text_of_size;
using ferrule::test::world;
using ferrule::test::world_options;

constexpr int small = 8192;

// --- backends ------------------------------------------------------------------------------------

TEST(leaving, an_answer_in_front_of_a_reset_is_delivered)
{
    world_options given;
    given.backend_window = given.send_buffer = small;
    world it{given};
    it.establish();
    it.backend.stop_reading();
    it.client.send(text_of_size(300'000));
    it.settle();
    it.backend.send("413, and the upload may go away");
    it.backend.close(); // with unread input: the kernel makes a reset of it
    ASSERT_TRUE(it.finish(1s));
    EXPECT_EQ(it.backend.sent(), it.client.received());
    EXPECT_TRUE(it.client.saw_reset());
    EXPECT_FALSE(it.client.saw_close_notify()) << "nobody knows whether that was all";
    EXPECT_EQ("backend_reset; client reset, backend gone; lost", ending_of(it.told()));
}

TEST(leaving, a_reset_behind_a_fin_is_a_reset)
{
    world it;
    it.establish();
    it.backend.send("answer");
    it.backend.finish();
    it.settle();
    ASSERT_TRUE(it.client.saw_close_notify()) << "the answer was whole";
    it.backend.reset();
    it.settle();
    it.client.send("more");
    ASSERT_TRUE(it.finish());
    EXPECT_EQ("backend_eof, then backend_reset; client sent, backend gone; lost",
              ending_of(it.told()));
    EXPECT_EQ(4U, it.told().lost[0]);
}

TEST(leaving, a_backend_that_ended_and_is_gone_needs_no_answer_of_the_client)
{
    world it;
    it.establish();
    it.client.send("request");
    it.settle();
    it.backend.send(text_of_size(100'000));
    it.backend.finish();
    it.settle();
    it.client.say_goodbye();
    it.settle();
    it.backend.reset();
    ASSERT_TRUE(it.finish(1s));
    EXPECT_EQ(it.backend.sent(), it.client.received());
    EXPECT_TRUE(it.client.saw_close_notify());
    EXPECT_FALSE(it.client.saw_reset());
}

// --- clients -------------------------------------------------------------------------------------

TEST(leaving, a_client_that_ended_clean_and_is_gone_has_said_everything)
{
    world it;
    it.establish();
    it.client.send_and_leave(text_of_size(50'000));
    it.settle();
    it.client.reset();
    it.settle();
    EXPECT_EQ(text_of_size(50'000), it.backend.received());
    EXPECT_TRUE(it.backend.saw_fin());
    it.advance(30s);
    EXPECT_FALSE(it.is_over()) << "the backend's own end is awaited";
    it.backend.finish();
    ASSERT_TRUE(it.finish(1s));
    EXPECT_FALSE(it.backend.saw_reset());
    EXPECT_EQ("client_eof, then backend_eof; client gone, backend exchanged; clean",
              ending_of(it.told()));
}

TEST(leaving, an_answer_to_a_client_that_is_gone_is_lost_and_ends_the_session)
{
    world it;
    it.establish();
    it.client.send_and_leave("request");
    it.settle();
    it.client.reset();
    it.settle();
    it.backend.send("answer");
    ASSERT_TRUE(it.finish(1s));
    EXPECT_TRUE(it.backend.saw_reset()) << "nothing else stops it from sending more";
    EXPECT_EQ("client_eof, then client_reset; client gone, backend reset; lost",
              ending_of(it.told()));
    EXPECT_EQ(6U, it.told().lost[1]);
}

TEST(leaving, a_truncation_in_the_middle_of_a_record_delivers_the_records_before_it)
{
    world it;
    it.establish();
    it.client.send("whole");
    it.client.send_half_a_record("cut");
    it.client.finish();
    ASSERT_TRUE(it.finish(1s));
    EXPECT_EQ("whole", it.backend.received());
    EXPECT_TRUE(it.backend.saw_reset());
    EXPECT_FALSE(it.backend.saw_fin());
    EXPECT_FALSE(it.client.saw_close_notify());
    EXPECT_EQ("client_truncated; client reset, backend reset; cut", ending_of(it.told()));
    EXPECT_GT(it.told().undecrypted, 0U) << "the half that never became plaintext is told";
}

TEST(leaving, what_follows_a_close_notify_is_ignored)
{
    for (const bool at_once : {true, false}) {
        world it;
        it.establish();
        it.client.send("request");
        it.client.say_goodbye();
        if (!at_once)
            it.settle();
        it.client.send_raw(std::string(1000, 'x'));
        it.settle();
        EXPECT_TRUE(it.backend.saw_fin());
        it.backend.send("answer");
        it.backend.finish();
        ASSERT_TRUE(it.finish(1s));
        EXPECT_EQ("request", it.backend.received());
        EXPECT_EQ("answer", it.client.received());
        EXPECT_TRUE(it.client.saw_close_notify());
        EXPECT_EQ("client_eof, then backend_eof; client exchanged, backend exchanged; clean",
                  ending_of(it.told()));
    }
}

TEST(leaving, a_session_that_is_destroyed_in_the_middle_looks_clean_to_nobody)
{
    std::optional<world> it;
    it.emplace();
    it->establish();
    it->client.send("request");
    it->settle();
    it->destroy_session();
    ASSERT_TRUE(it->wait_for([&] { return it->client.saw_reset() && it->backend.saw_reset(); }));
    EXPECT_FALSE(it->client.saw_close_notify());
    EXPECT_FALSE(it->backend.saw_fin());
    EXPECT_TRUE(it->records.empty());
}

// --- the record ----------------------------------------------------------------------------------

TEST(record, tells_names_and_times)
{
    world it;
    it.connect();
    it.advance(30ms);
    it.client.shake_hands();
    it.settle();
    ASSERT_TRUE(it.backend.is_connected());
    it.advance(1s);
    it.client.send("request");
    it.client.say_goodbye();
    it.settle();
    it.advance(2s);
    it.backend.send("answer");
    it.backend.finish();
    it.settle();
    it.advance(1s);
    ASSERT_TRUE(it.is_over());
    EXPECT_EQ("web", it.told().listener.view());
    EXPECT_EQ("pool", it.told().backend.view());
    EXPECT_EQ("app", it.told().server.view());
    EXPECT_EQ("TLSv1.3", it.told().tls_version.view());
    EXPECT_EQ("TLS_AES_256_GCM_SHA384", it.told().cipher.view());
    EXPECT_FALSE(it.told().resumed);
    EXPECT_EQ(ferrule::ending::first_end::client, it.told().first_end);
    EXPECT_EQ(30ms, it.told().handshake);
    EXPECT_EQ(0ms, it.told().connect);
    EXPECT_EQ(2s, it.told().half_closed);
    EXPECT_GE(it.told().close, 2s);
    EXPECT_LE(it.told().close, 2s + 20ms);
    EXPECT_EQ(it.told().close + 1030ms, it.told().total);
    EXPECT_EQ(1U, it.told().session_id);
}

} // namespace
