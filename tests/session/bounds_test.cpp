// A session's clocks, without a session: times in, decisions out.

#include "session/bounds.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace ferrule::session {
namespace {

using namespace std::chrono_literals;
using ending::decision;
using ending::patience;
using ending::phase;
using ending::step;

constexpr base::time_point now{std::chrono::hours{1}};

struct clocks : ::testing::Test {
    /// As in the middle of a session, where a wait with this bound has been decided.
    std::optional<base::milliseconds> wait(patience bound, base::time_point at = now,
                                           bool for_acknowledgement = false)
    {
        return until.wait_for(decision{step::wait, bound, for_acknowledgement}, known, timeouts,
                              shutdown, at);
    }

    bounds until;
    ending::facts known;
    config::timeout_settings timeouts;
    config::shutdown_settings shutdown;
};

// --- precedence ----------------------------------------------------------------------------------

TEST_F(clocks, wake_for_whatever_comes_first)
{
    EXPECT_EQ(bounds::never, until.earliest());
    until.lifetime = now + 3s;
    until.poll = now + 2s;
    until.attempt = now + 1s;
    EXPECT_EQ(now + 1s, until.earliest());
    until.watch = now;
    EXPECT_EQ(now, until.earliest());
}

TEST_F(clocks, name_the_end_whose_time_came_first)
{
    until.cut = now - 1s;
    until.lifetime = now - 2s;
    until.patience = now - 3s;
    EXPECT_EQ(bounds::end::patience, until.passed(now));
    until.lifetime = now - 4s;
    EXPECT_EQ(bounds::end::lifetime, until.passed(now));
    until.cut = now - 4s;
    EXPECT_EQ(bounds::end::cut, until.passed(now)) << "of the same time, a drain's";
    EXPECT_EQ(bounds::end::none, until.passed(now - 5s));
}

TEST_F(clocks, know_the_deadline_as_due_but_not_as_a_cause)
{
    until.deadline = now;
    EXPECT_TRUE(until.is_due(now));
    EXPECT_FALSE(until.is_due(now - 1ns));
    EXPECT_EQ(bounds::end::none, until.passed(now));
}

// --- the bound in force --------------------------------------------------------------------------

TEST_F(clocks, begin_a_bound_once_and_again_whenever_something_has_moved)
{
    EXPECT_EQ(std::optional{shutdown.half_close_timeout}, wait(patience::half_close));
    EXPECT_EQ(now + shutdown.half_close_timeout, until.patience);
    EXPECT_EQ(std::nullopt, wait(patience::half_close, now + 1s)) << "no news";
    EXPECT_EQ(now + shutdown.half_close_timeout, until.patience) << "a turn is no progress";

    until.progress = true;
    EXPECT_EQ(std::nullopt, wait(patience::half_close, now + 2s));
    EXPECT_EQ(now + 2s + shutdown.half_close_timeout, until.patience);
    EXPECT_FALSE(until.progress);
}

TEST_F(clocks, let_nothing_put_the_linger_off)
{
    wait(patience::linger);
    until.progress = true;
    wait(patience::linger, now + 10ms);
    EXPECT_EQ(now + shutdown.linger, until.patience);
    until.progress = true;
    EXPECT_TRUE(until.has_run_out(phase::closing));
}

TEST_F(clocks, take_another_bound_when_another_is_decided)
{
    wait(patience::idle);
    EXPECT_EQ(std::optional{shutdown.timeout}, wait(patience::close_notify, now + 1s));
    EXPECT_EQ(now + 1s + shutdown.timeout, until.patience);
}

TEST_F(clocks, are_silent_where_idle_is_off)
{
    timeouts.idle = base::off;
    EXPECT_EQ(std::optional{base::off}, wait(patience::idle));
    EXPECT_EQ(bounds::never, until.patience);
    EXPECT_EQ(std::nullopt, wait(patience::idle, now + 1s)) << "still off is no news";
}

TEST_F(clocks, drop_the_bound_of_a_phase_with_the_phase)
{
    until.begin(patience::handshake, now);
    EXPECT_TRUE(until.has_run_out(phase::handshaking));
    EXPECT_FALSE(until.has_run_out(phase::connecting));
    until.begin(patience::connect, now);
    EXPECT_TRUE(until.has_run_out(phase::connecting));
    EXPECT_FALSE(until.has_run_out(phase::relaying));
}

TEST_F(clocks, of_a_phase_run_out_though_something_has_moved)
{
    until.progress = true;
    until.begin(patience::handshake, now);
    EXPECT_TRUE(until.has_run_out(phase::handshaking)) << "a byte now and then gains nothing";
    until.begin(patience::idle, now);
    EXPECT_FALSE(until.has_run_out(phase::relaying));
}

// --- a drain -------------------------------------------------------------------------------------

TEST_F(clocks, give_an_answer_the_time_that_the_drain_has_left)
{
    shutdown.timeout = 2s;
    EXPECT_EQ(std::optional<base::milliseconds>{2s}, wait(patience::ask));
    until = {};
    until.cut = now + 30s;
    EXPECT_EQ(std::optional<base::milliseconds>{30s}, wait(patience::ask));
    until = {};
    until.cut = now + 1s;
    EXPECT_EQ(std::optional<base::milliseconds>{2s}, wait(patience::ask)) << "never less";
}

TEST_F(clocks, leave_a_session_that_was_cut_two_seconds_and_no_more_than_its_deadline)
{
    until.grant_grace(now);
    EXPECT_EQ(now + 2s, until.deadline);
    until.deadline = now + 1s;
    until.grant_grace(now);
    EXPECT_EQ(now + 1s, until.deadline);
}

// --- questions -----------------------------------------------------------------------------------

TEST_F(clocks, ask_for_an_acknowledgement_soon_and_then_less_often)
{
    base::time_point at = now;
    for (const auto pause : {10ms, 20ms, 40ms, 80ms, 100ms, 100ms}) {
        wait(patience::stall, at, true);
        EXPECT_EQ(at + pause, until.poll);
        at = until.poll;
    }
    wait(patience::stall, at);
    wait(patience::stall, until.poll, true);
    EXPECT_EQ(10ms, until.poll_interval) << "the next end begins anew";
}

TEST_F(clocks, do_not_let_a_busy_session_put_the_question_off)
{
    known.to_client.buffered = true;
    wait(patience::stall);
    const base::time_point due = until.poll;
    ASSERT_EQ(now + 1s, due);
    for (base::time_point at = now; at < due; at += 100ms) {
        until.progress = true;
        wait(patience::stall, at);
        EXPECT_EQ(due, until.poll);
    }
}

TEST_F(clocks, ask_nothing_while_nothing_waits)
{
    wait(patience::idle);
    EXPECT_EQ(bounds::never, until.poll);
    known.to_client.unacked = true;
    wait(patience::idle);
    EXPECT_EQ(now + 30s, until.poll) << "at the latest";
    timeouts.idle = 4s;
    until = {};
    wait(patience::idle);
    EXPECT_EQ(now + 1s, until.poll) << "a quarter of the bound";
    timeouts.idle = base::off;
    wait(patience::idle);
    EXPECT_EQ(bounds::never, until.poll);
}

} // namespace
} // namespace ferrule::session
