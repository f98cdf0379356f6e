#include "worker/mailbox.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace ferrule::worker {
namespace {

class mailboxes : public ::testing::Test {
protected:
    /// What a worker does.
    template <typename Condition>
    void serve_until(Condition is_reached)
    {
        while (!is_reached()) {
            events_.collect(net::event_set::forever);
            ready_.run_once();
        }
    }

    net::ready_queue ready_;
    net::event_set events_{ready_};
    std::string failures_;
    mailbox mailbox_{events_, [this](const std::exception& error) { failures_ += error.what(); }};
};

TEST_F(mailboxes, run_what_was_posted_in_its_order)
{
    std::string done;
    mailbox_.post([&] { done += 'a'; });
    mailbox_.post([&] { done += 'b'; });
    EXPECT_EQ(done, "") << "only on its turn";
    serve_until([&] { return done.size() == 2; });
    EXPECT_EQ(done, "ab");
}

TEST_F(mailboxes, wake_whoever_waits_for_ever)
{
    int done = 0;
    std::thread other{[&] {
        for (int i = 0; i < 1000; ++i)
            mailbox_.post([&] { ++done; });
    }};
    serve_until([&] { return done == 1000; });
    other.join();
}

TEST_F(mailboxes, take_what_is_posted_by_what_they_run)
{
    int done = 0;
    mailbox_.post([&] {
        ++done;
        mailbox_.post([&] { ++done; });
    });
    serve_until([&] { return done == 2; });
}

TEST_F(mailboxes, run_what_is_behind_something_that_throws)
{
    std::string done;
    mailbox_.post([&] { done += 'a'; });
    mailbox_.post([] { throw std::runtime_error("no memory"); });
    mailbox_.post([&] { done += 'b'; });
    serve_until([&] { return done.size() == 2; });
    EXPECT_EQ(done, "ab");
    EXPECT_EQ(failures_, "no memory");
}

TEST_F(mailboxes, drop_what_never_had_its_turn)
{
    auto held = std::make_shared<int>(1);
    {
        mailbox passing{events_, {}};
        passing.post([held] { ADD_FAILURE(); });
        EXPECT_EQ(held.use_count(), 2);
    }
    EXPECT_EQ(held.use_count(), 1);
}

} // namespace
} // namespace ferrule::worker
