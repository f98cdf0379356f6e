// A client that makes us write by what it sends (KeyUpdates that ask for ours), and does not read.

#include "session/told.hpp"
#include "session/world.hpp"

namespace {

using namespace std::chrono_literals;
using ferrule::ending::side;
using ferrule::test::text_of_size;
using ferrule::test::world;
using ferrule::test::world_options;

TEST(answers, to_a_client_that_does_not_read_stop_its_upload_until_it_reads)
{
    world_options given{.version = TLS1_3_VERSION};
    given.client_window = 8192;
    given.send_buffer = 128 * 1024; // room for all that waits, once there is some
    world it{given};
    it.establish();
    it.client.stop_reading();
    for (std::uint64_t before = 1; it.bytes_read_from(side::backend) != before;) {
        before = it.bytes_read_from(side::backend);
        it.backend.send(text_of_size(16 * 1024));
        it.settle();
    }

    // Each is 27 bytes of ours, and paid for by the data.
    for (int i = 0; i < 1000; ++i) {
        it.client.hold_key_update();
        it.client.send(text_of_size(2048));
        if (i % 50 == 49)
            it.settle();
    }
    const std::size_t taken = it.backend.received().size();
    EXPECT_LT(500'000U, taken) << "a few answers are no reason to stop";
    EXPECT_GT(1000U * 2048, taken) << "600 of them are";

    it.client.read_on();
    ASSERT_TRUE(it.wait_for([&] { return it.backend.received().size() == 1000U * 2048; }))
        << "nothing announces that the client may be read again: it said all long ago";
    EXPECT_EQ(it.backend.sent(), it.client.received());
    it.client.say_goodbye();
    it.client.finish();
    it.settle();
    it.backend.finish();
    ASSERT_TRUE(it.finish(1s));
    EXPECT_TRUE(it.client.saw_close_notify());
}

TEST(answers, of_a_flood_in_one_segment_are_made_in_turns)
{
    world it{world_options{.version = TLS1_3_VERSION}};
    it.establish();
    it.backend.send(text_of_size(1'000'000));
    ASSERT_TRUE(it.wait_for([&] { return it.client.received().size() == 1'000'000U; }));
    for (int i = 0; i < 200; ++i)
        it.client.hold_key_update();
    it.client.send("behind them");
    ASSERT_TRUE(it.wait_for([&] { return it.backend.received() == "behind them"; }))
        << "what a turn has left is taken in the next one, without any event";
    EXPECT_FALSE(it.client.has_failed());
}

TEST(answers, to_a_flood_without_data_end_with_an_alert)
{
    world it{world_options{.version = TLS1_3_VERSION}};
    it.establish();
    for (int i = 0; i < 40; ++i)
        it.client.hold_key_update();
    it.client.send("behind them");
    it.settle();
    EXPECT_TRUE(it.client.saw_alert());
    EXPECT_FALSE(it.client.saw_close_notify());
    ASSERT_TRUE(it.finish());
    EXPECT_EQ("", it.backend.received());
    EXPECT_TRUE(it.backend.saw_reset());
    EXPECT_EQ(ferrule::ending::cause::tls_error, it.told().cause);
}

} // namespace
