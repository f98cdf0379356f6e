#include "net/event_set.hpp"

#include "support/loopback.hpp"

#include <gtest/gtest.h>

#include <sys/eventfd.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <vector>

namespace ferrule::net {
namespace {

/// One watched end of a TCP connection.
class event_sets : public ::testing::Test {
protected:
    void SetUp() override
    {
        state_.owner = &owner_;
        ASSERT_EQ(0, events_.add(both_.near.get(), state_));
        ASSERT_TRUE(test::collect(events_));
        queue_.run_once();
        owner_.turns = 0;
    }

    /// Collects what is there now; how many turns the owner then gets.
    int turns()
    {
        owner_.turns = 0;
        events_.collect();
        queue_.run_once();
        return owner_.turns;
    }

    void read_all()
    {
        std::array<char, 1000> room{};
        while (::recv(both_.near.get(), room.data(), room.size(), 0) > 0) {
        }
    }

    bool something_comes() { return test::is_ready(events_.native(), POLLIN); }
    bool something_is_there()
    {
        pollfd set{.fd = events_.native(), .events = POLLIN, .revents = 0};
        return poll(&set, 1, 0) == 1;
    }

    ready_queue queue_;
    event_set events_{queue_};
    test::counting_owner owner_;
    readiness state_;
    test::connection both_ = test::make_tcp_connection();
};

TEST_F(event_sets, say_at_once_that_a_new_connection_is_writable)
{
    EXPECT_TRUE(state_.writable);
    EXPECT_FALSE(state_.readable);
    EXPECT_FALSE(state_.hung_up);
    EXPECT_FALSE(state_.urgent);
    EXPECT_FALSE(state_.failed);
}

TEST_F(event_sets, wake_nobody_without_an_event)
{
    EXPECT_FALSE(something_is_there());
    EXPECT_EQ(0, turns());
}

TEST_F(event_sets, wake_the_owner_once_for_all_that_has_come)
{
    both_.far.send("one");
    both_.far.send("two");
    ASSERT_TRUE(something_comes());
    EXPECT_EQ(1, turns());
    EXPECT_TRUE(state_.readable);
    EXPECT_FALSE(state_.hung_up);
}

TEST_F(event_sets, wake_the_owner_once_for_several_rounds_of_collecting)
{
    both_.far.send("one");
    ASSERT_TRUE(something_comes());
    events_.collect();
    both_.far.send("two");
    ASSERT_TRUE(something_comes());
    events_.collect();
    queue_.run_once();
    EXPECT_EQ(1, owner_.turns);
}

TEST_F(event_sets, wake_nobody_who_is_over)
{
    owner_.retire();
    both_.far.send("one");
    ASSERT_TRUE(something_comes());
    EXPECT_EQ(0, turns());
}

TEST_F(event_sets, tell_an_edge_once)
{
    both_.far.send("one");
    ASSERT_TRUE(something_comes());
    EXPECT_EQ(1, turns());
    EXPECT_FALSE(something_is_there()) << "the bytes are still unread";
    EXPECT_EQ(0, turns());
    EXPECT_TRUE(state_.readable) << "a bit stays until a system call shows otherwise";
}

TEST_F(event_sets, tell_of_new_bytes_behind_unread_ones)
{
    both_.far.send("one");
    ASSERT_TRUE(something_comes());
    EXPECT_EQ(1, turns());
    both_.far.send("two");
    ASSERT_TRUE(something_comes());
    EXPECT_EQ(1, turns());
}

TEST_F(event_sets, tell_of_a_fin)
{
    both_.far.finish();
    ASSERT_TRUE(something_comes());
    EXPECT_EQ(1, turns());
    EXPECT_TRUE(state_.readable);
    EXPECT_TRUE(state_.hung_up);
    EXPECT_FALSE(state_.failed) << "a FIN is no failure";
}

TEST_F(event_sets, tell_of_a_reset)
{
    state_.writable = false;
    both_.far.reset();
    ASSERT_TRUE(something_comes());
    EXPECT_EQ(1, turns());
    EXPECT_TRUE(state_.readable);
    EXPECT_TRUE(state_.writable) << "whoever waits to write is to learn of it, too";
    EXPECT_TRUE(state_.hung_up);
    EXPECT_TRUE(state_.failed);
}

TEST_F(event_sets, tell_of_a_reset_behind_a_fin)
{
    both_.far.finish();
    ASSERT_TRUE(something_comes());
    EXPECT_EQ(1, turns());
    EXPECT_FALSE(state_.failed);
    both_.far.reset();
    ASSERT_TRUE(something_comes());
    EXPECT_EQ(1, turns());
    EXPECT_TRUE(state_.failed);
}

TEST_F(event_sets, tell_of_urgent_data)
{
    ASSERT_EQ(1, ::send(both_.far.native(), "!", 1, MSG_OOB));
    ASSERT_TRUE(something_comes());
    EXPECT_EQ(1, turns());
    EXPECT_TRUE(state_.readable);
    EXPECT_TRUE(state_.urgent);
    EXPECT_FALSE(state_.hung_up);
}

TEST_F(event_sets, forget_a_socket_that_is_closed)
{
    both_.far.send("one");
    ASSERT_TRUE(something_comes());
    both_.near.reset();
    EXPECT_FALSE(something_is_there());
    EXPECT_EQ(0, turns());
}

TEST_F(event_sets, forget_a_socket_that_is_taken_out)
{
    events_.remove(both_.near.get());
    both_.far.send("one");
    ASSERT_TRUE(test::is_ready(both_.near.get(), POLLIN));
    EXPECT_EQ(0, turns());
    EXPECT_FALSE(state_.readable);
}

TEST_F(event_sets, survive_that_a_turn_releases_a_socket_with_an_event_in_the_same_batch)
{
    // Both have an event; the first one's turn closes both, as the end of a session does.
    test::connection other = test::make_tcp_connection();
    readiness other_state;
    other_state.owner = &owner_;
    ASSERT_EQ(0, events_.add(other.near.get(), other_state));
    both_.far.send("one");
    other.far.send("two");
    ASSERT_TRUE(test::is_ready(other.near.get(), POLLIN));
    ASSERT_TRUE(test::is_ready(both_.near.get(), POLLIN));
    events_.collect();
    both_.near.reset();
    other.near.reset();
    queue_.run_once();
    EXPECT_EQ(1, owner_.turns);
    EXPECT_EQ(0, turns());
}

TEST_F(event_sets, say_why_a_descriptor_cannot_be_watched)
{
    readiness unused;
    unused.owner = &owner_;
    EXPECT_EQ(EBADF, events_.add(-1, unused));
    EXPECT_EQ(EEXIST, events_.add(both_.near.get(), unused));
}

TEST_F(event_sets, collect_all_of_more_than_one_batch)
{
    struct watched {
        descriptor event{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
        test::counting_owner owner;
        readiness state;
    };
    std::vector<watched> many(1300);
    for (watched& each : many) {
        each.state.owner = &each.owner;
        ASSERT_EQ(0, events_.add(each.event.get(), each.state));
    }
    EXPECT_EQ(collected::events, events_.collect());
    EXPECT_EQ(collected::nothing, events_.collect());
    queue_.run_once();
    for (const watched& each : many) {
        EXPECT_TRUE(each.state.writable);
        EXPECT_EQ(1, each.owner.turns);
    }
}

TEST_F(event_sets, say_whether_anything_has_come)
{
    EXPECT_EQ(collected::nothing, events_.collect());
    EXPECT_EQ(collected::nothing, events_.collect(base::milliseconds{1}));
    both_.far.send("one");
    EXPECT_EQ(collected::events, events_.collect(event_set::forever));
}

/// A signal handler's way to send: what a test has a process that is stopped and goes on see, with
/// the event that came meanwhile.
volatile int interrupted_sends_on =
    -1; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

class interrupted_event_sets : public event_sets {
protected:
    void SetUp() override
    {
        event_sets::SetUp();
        struct sigaction action {};
        action.sa_handler = [](int) {
            if (interrupted_sends_on >= 0)
                static_cast<void>(::send(interrupted_sends_on, "x", 1, MSG_NOSIGNAL));
        };
        sigaction(SIGALRM, &action, &before_);
        itimerval soon{};
        soon.it_value.tv_usec = 20'000;
        // Again and again: the first one may come before the wait.
        soon.it_interval.tv_usec = 20'000;
        setitimer(ITIMER_REAL, &soon, nullptr);
    }
    void TearDown() override
    {
        const itimerval off{};
        setitimer(ITIMER_REAL, &off, nullptr);
        sigaction(SIGALRM, &before_, nullptr);
        interrupted_sends_on = -1;
    }

    struct sigaction before_ {};
};

TEST_F(interrupted_event_sets, say_that_the_wait_was_cut_short)
{
    EXPECT_EQ(collected::interrupted, events_.collect(event_set::forever));
    EXPECT_EQ(0, turns());
}

TEST_F(interrupted_event_sets, collect_what_came_with_the_interruption)
{
    interrupted_sends_on = both_.far.native();
    // An event that came before the wait ends it as events do; the next wait is for another edge.
    while (events_.collect(event_set::forever) != collected::interrupted)
        state_.readable = false;
    EXPECT_TRUE(state_.readable) << "what came while the wait was cut short is there";
}

} // namespace
} // namespace ferrule::net
