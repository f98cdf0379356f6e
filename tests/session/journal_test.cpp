// What is counted and told of a session, without a session.

#include "session/journal.hpp"
#include "session/parts.hpp"

namespace ferrule::session {
namespace {

using namespace std::chrono_literals;
using ending::cause;
using ending::patience;
using ending::side;
using ending::source;
using test::session_parts;

struct a_journal : session_parts {
    a_journal()
    {
        profile_.recorder = 32;
        build();
        connect_both();
        it().accepted();
    }

    journal& it() { return state_->journal; }
    ending::facts& known() { return state_->facts; }
    std::uint64_t closing() const { return counters_.sessions_closing.get(); }

    /// The words that were recorded, and how often each.
    int recorded(record::happening what)
    {
        const record::recorder kept = it().take_recording();
        int count = 0;
        for (std::size_t i = 0; i < kept.size(); ++i)
            count += kept[i].kind() == what ? 1 : 0;
        return count;
    }
};

TEST_F(a_journal, opens_with_the_session_and_closes_with_it)
{
    EXPECT_EQ(1U, counters_.sessions_started.get());
    EXPECT_EQ(1U, counters_.sessions_open.get());
    ending::given_up(known(), cause::killed);
    it().follow(known());
    const record::ended_session last =
        it().close(profile_.default_route, known(), state_->client());
    EXPECT_EQ(cause::killed, last.cause);
    EXPECT_EQ(7U, last.session_id);
    EXPECT_EQ(0U, counters_.sessions_open.get());
    EXPECT_EQ(0U, closing());
    std::uint64_t ended = 0;
    for (const auto& by_outcome : counters_.sessions_ended) {
        for (const auto& each : by_outcome)
            ended += each.get();
    }
    EXPECT_EQ(1U, ended);
}

TEST_F(a_journal, counts_the_first_end_once_however_often_it_looks)
{
    it().follow(known());
    EXPECT_EQ(0U, closing());
    ending::source_ended(known(), state_->rules(), side::client, source::clean);
    for (int i = 0; i < 3; ++i)
        it().follow(known());
    EXPECT_EQ(1U, closing());
    EXPECT_EQ(1, recorded(record::happening::cause));
}

TEST_F(a_journal, measures_how_long_a_session_was_half_closed)
{
    ending::source_ended(known(), state_->rules(), side::client, source::clean);
    it().follow(known());
    EXPECT_EQ(1U, counters_.sessions_half_closed.get());
    pass(1500ms);
    ending::source_ended(known(), state_->rules(), side::backend, source::clean);
    it().follow(known());
    EXPECT_EQ(0U, counters_.sessions_half_closed.get());
    pass(500ms);
    EXPECT_EQ(1500ms, told().half_closed);
    EXPECT_EQ(2000ms, told().close);
}

TEST_F(a_journal, counts_a_reset_once_for_each_side)
{
    for (int i = 0; i < 2; ++i) {
        it().ended(side::client, source::reset);
        it().ended(side::backend, source::reset);
    }
    EXPECT_EQ(1U, counters_.resets[0][0].get());
    EXPECT_EQ(1U, counters_.resets[1][0].get());
}

TEST_F(a_journal, tells_what_dies_with_our_reset_apart_from_what_may_have_arrived)
{
    const shortfall what{.unsent = 3, .in_kernel = 5, .goodbye = false};
    it().missing(ending::direction::to_client, what, true, false);
    it().missing(ending::direction::to_backend, what, false, false);
    EXPECT_EQ(8U, told().lost[1]);
    EXPECT_EQ(0U, told().unconfirmed[1]);
    EXPECT_EQ(3U, told().lost[0]);
    EXPECT_EQ(5U, told().unconfirmed[0]);
}

TEST_F(a_journal, keeps_the_first_detail_until_it_is_replaced)
{
    it().detail_once("the first");
    it().detail_once("the second");
    it().detail_errno(EPIPE);
    EXPECT_EQ("the first", told().detail.view());
    it().connected("app:80");
    EXPECT_EQ("", told().detail.view()) << "what servers before have said is not this session's";
    EXPECT_EQ("app:80", told().server.view());
}

TEST_F(a_journal, counts_each_bound_of_shutdown_by_its_name)
{
    using metrics::shutdown_timeout;
    const auto counted = [&](shutdown_timeout which) {
        return counters_.timeouts[static_cast<std::size_t>(which)].get();
    };
    for (const patience each : {patience::half_close, patience::ask, patience::stall,
                                patience::close_notify, patience::idle, patience::linger})
        it().bound_passed(each);
    it().deadline_passed();
    EXPECT_EQ(2U, counted(shutdown_timeout::half_close));
    EXPECT_EQ(1U, counted(shutdown_timeout::stall));
    EXPECT_EQ(1U, counted(shutdown_timeout::close_notify));
    EXPECT_EQ(1U, counted(shutdown_timeout::deadline));
    EXPECT_EQ(6, recorded(record::happening::bound_passed));
}

TEST_F(a_journal, says_of_a_handshake_what_ended_it)
{
    const auto handshakes = [&](metrics::handshake_result how) {
        return counters_.handshakes[static_cast<std::size_t>(how)].get();
    };
    const auto fresh = [&](cause why) {
        build();
        it().accepted();
        if (why == cause::handshake_failed)
            ending::handshake_ended(known(), why, ending::told::nothing);
        else
            ending::given_up(known(), why);
    };
    fresh(cause::handshake_failed);
    it().follow(known());
    EXPECT_EQ(1U, handshakes(metrics::handshake_result::failed));
    fresh(cause::handshake_failed);
    it().handshake_aborted();
    it().follow(known());
    EXPECT_EQ(1U, handshakes(metrics::handshake_result::aborted));
    fresh(cause::handshake_failed);
    it().bound_passed(patience::handshake);
    it().follow(known());
    EXPECT_EQ(1U, handshakes(metrics::handshake_result::timeout));
    fresh(cause::drain);
    it().follow(known());
    EXPECT_EQ(1U, handshakes(metrics::handshake_result::ended)) << "for a reason of our own";
}

TEST_F(a_journal, shows_a_session_that_goes_on_without_an_end)
{
    pass(3s);
    const record::snapshot seen = look(it().so_far(), profile_, profile_.default_route, known(),
                                       state_->client(), start + 1s, around_.now);
    EXPECT_EQ(record::state::relaying, seen.at);
    EXPECT_EQ(2s, seen.silent);
    EXPECT_EQ(0, seen.so_far.ended_at_microseconds);
    EXPECT_EQ(3s, seen.so_far.total);
}

} // namespace
} // namespace ferrule::session
