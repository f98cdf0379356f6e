// Ends of the proxy's own making, by facts alone: nothing is said to the peers here.

#include "session/own_ends.hpp"
#include "session/parts.hpp"

namespace ferrule::session {
namespace {

using namespace std::chrono_literals;
using ending::cause;
using ending::patience;
using test::session_parts;

struct ends_of_ours : session_parts {
    ends_of_ours() { connect_both(); }

    cause first() const { return state_->facts.first; }
    bounds& until_when() { return state_->bounds; }

    own_ends it{*state_};
};

TEST_F(ends_of_ours, take_an_order_in_the_next_turn_and_the_first_one_counts)
{
    it.order(cause::killed);
    it.order(cause::drain);
    EXPECT_EQ(cause::none, first());
    EXPECT_FALSE(ready_.empty()) << "the session is woken for it";
    it.take();
    EXPECT_EQ(cause::killed, first());
    EXPECT_FALSE(state_->facts.overdue);
}

TEST_F(ends_of_ours, wait_for_nothing_if_so_ordered)
{
    it.order_at_once(cause::limit);
    EXPECT_FALSE(it.is_due()) << "no last look either";
    it.take();
    EXPECT_EQ(cause::limit, first());
    EXPECT_TRUE(state_->facts.overdue);
}

TEST_F(ends_of_ours, put_an_order_before_time_and_of_times_the_one_that_came_first)
{
    until_when().cut = start;
    until_when().lifetime = start - 1s;
    it.take();
    EXPECT_EQ(cause::lifetime, first());
    it.take();
    EXPECT_EQ(cause::drain, state_->facts.second);
    EXPECT_EQ(start + 2s, until_when().deadline);
}

TEST_F(ends_of_ours, do_nothing_for_a_bound_that_something_has_moved_since)
{
    until_when().begin(patience::idle, start);
    until_when().progress = true;
    EXPECT_TRUE(it.is_due());
    it.take();
    EXPECT_EQ(cause::none, first());
    until_when().progress = false;
    it.take();
    EXPECT_EQ(cause::idle_timeout, first());
}

TEST_F(ends_of_ours, do_nothing_for_the_bound_of_a_phase_that_is_over)
{
    until_when().begin(patience::connect, start);
    it.take();
    EXPECT_EQ(cause::none, first());
}

TEST_F(ends_of_ours, ask_only_a_session_that_is_quiet_and_look_again_later)
{
    it.drain(start, start + 60s);
    client_.send("a request");
    ASSERT_TRUE(until([&] { return client_peer().socket().is_readable(); }));
    pass(10s);
    it.take();
    EXPECT_EQ(cause::none, first()) << "bytes wait to be read";
    EXPECT_EQ(around_.now + 1s, until_when().ask);

    std::array<std::byte, 64> room{};
    client_peer().socket().read(room);
    pass(1s);
    it.take();
    EXPECT_EQ(cause::drain, first());
    EXPECT_TRUE(state_->facts.asked);
    EXPECT_EQ(bounds::never, until_when().ask);
}

TEST_F(ends_of_ours, count_a_deadline_once)
{
    until_when().deadline = start;
    it.take();
    it.take();
    EXPECT_TRUE(state_->facts.overdue);
    EXPECT_EQ(
        1U,
        counters_.timeouts[static_cast<std::size_t>(metrics::shutdown_timeout::deadline)].get());
}

TEST_F(ends_of_ours, drop_what_there_is_nothing_left_to_do_for)
{
    until_when().lifetime = start + 60s;
    until_when().ask = start + 60s;
    for (const ending::side who : {ending::side::client, ending::side::backend})
        ending::source_ended(state_->facts, state_->rules(), who, ending::source::clean);
    it.take();
    EXPECT_EQ(bounds::never, until_when().lifetime);
    EXPECT_EQ(bounds::never, until_when().ask);
}

} // namespace
} // namespace ferrule::session
