// One direction of a session between two plain peers, moved by hand.

#include "session/flow.hpp"
#include "session/parts.hpp"

namespace ferrule::session {
namespace {

using ending::side;
using ending::sink;
using ending::source;
using test::session_parts;

struct one_flow : session_parts {
    one_flow() { connect_both(4096); }

    flow to_backend{*state_, side::client};
    const ending::facts& known = state_->facts;
};

TEST_F(one_flow, hands_over_what_its_source_sends)
{
    client_.send("request");
    ASSERT_TRUE(until([&] { return to_backend.has_more(); }));
    to_backend.move();
    EXPECT_EQ("request", backend_.receive());
    EXPECT_FALSE(to_backend.has_more());
    EXPECT_TRUE(state_->activity.owes_answer());
    EXPECT_EQ(7U, counters_.bytes[0].get());
    EXPECT_TRUE(known.to_backend.unacked) << "as far as we have looked";
}

TEST_F(one_flow, does_not_read_while_its_sink_takes_nothing)
{
    const std::string block(256 * 1024, 'x');
    for (int i = 0; i < 1000 && !known.to_backend.buffered; ++i) {
        client_.send(block.substr(0, 1024));
        ASSERT_TRUE(until([&] { return to_backend.has_more(); }));
        to_backend.move();
    }
    ASSERT_TRUE(known.to_backend.buffered);
    client_.send("behind it");
    ASSERT_TRUE(until([&] { return client_peer().socket().is_readable(); }));
    EXPECT_FALSE(to_backend.has_more());
    const std::uint64_t before = client_peer().socket().received();
    to_backend.move();
    EXPECT_EQ(before, client_peer().socket().received());

    ASSERT_TRUE(test::comes_true([&] {
        while (backend_.waiting() > 0)
            backend_.receive();
        events_.collect();
        to_backend.flush();
        return !known.to_backend.buffered;
    }));
    EXPECT_TRUE(to_backend.has_more()) << "and no event says so";
}

TEST_F(one_flow, tells_how_its_source_ended_behind_its_bytes)
{
    client_.send("last words");
    client_.finish();
    ASSERT_TRUE(until([&] { return client_peer().socket().has_hung_up(); }));
    to_backend.move();
    EXPECT_EQ(source::open, known.to_backend.from);
    ASSERT_TRUE(to_backend.has_more());
    to_backend.move();
    EXPECT_EQ(source::clean, known.to_backend.from);
    EXPECT_EQ(ending::cause::client_eof, known.first);
}

TEST_F(one_flow, loses_what_comes_for_a_sink_that_is_gone)
{
    client_.send("request");
    backend_.reset();
    ASSERT_TRUE(until([&] {
        return client_peer().socket().is_readable() && backend_peer().socket().has_failed();
    }));
    to_backend.move();
    EXPECT_EQ(sink::gone, known.to_backend.to);
    EXPECT_TRUE(known.to_backend.buffered || known.to_backend.dropped);
}

TEST_F(one_flow, throws_away_what_comes_behind_our_goodbye_and_counts_it_as_lost)
{
    ending::proxy_ended(state_->facts, state_->rules(), ending::cause::killed, false);
    state_->facts.to_client.to = sink::finished; // as if it had been told so
    client_.send("too much");
    ASSERT_TRUE(until([&] { return client_peer().socket().is_readable(); }));
    ASSERT_TRUE(to_backend.has_more());
    to_backend.move();
    EXPECT_EQ(8U, state_->activity.discarded());
    EXPECT_EQ(8U, counters_.bytes[0].get());
    EXPECT_EQ(8U, told().lost[0]);
}

TEST_F(one_flow, is_bulk_once_a_read_fills_its_budget)
{
    EXPECT_FALSE(to_backend.is_bulk());
    client_.send("small");
    ASSERT_TRUE(until([&] { return to_backend.has_more(); }));
    to_backend.move();
    EXPECT_FALSE(to_backend.is_bulk());
}

} // namespace
} // namespace ferrule::session
