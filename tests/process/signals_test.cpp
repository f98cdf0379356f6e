#include "process/signals.hpp"

#include "process/stand_ins.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <vector>

namespace ferrule::process {
namespace {

class signalled : public ::testing::Test {
protected:
    signalled()
    {
        sigset_t none;
        sigemptyset(&none);
        pthread_sigmask(SIG_BLOCK, &none, &before_);
    }
    ~signalled() override { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

    metrics::registry numbers_{1};
    kept_log log_{numbers_};
    boost::asio::io_context io_;
    std::vector<int> came_;
    signals signals_{io_, log_.log()};
    sigset_t before_{};
};

TEST_F(signalled, takes_what_came_before_it_was_ready)
{
    signals::hold_reload();
    ::raise(SIGHUP);
    ::raise(SIGUSR1);
    signals_.take([this](int number) { came_.push_back(number); });
    EXPECT_TRUE(came_.empty());
    io_.run_one();
    EXPECT_EQ((std::vector{SIGHUP, SIGUSR1}), came_);
}

TEST_F(signalled, takes_one_after_the_other)
{
    signals_.take([this](int number) { came_.push_back(number); });
    ::raise(SIGTERM);
    io_.run_one();
    ::raise(SIGINT);
    io_.run_one();
    EXPECT_EQ((std::vector{SIGTERM, SIGINT}), came_);
}

TEST_F(signalled, is_not_made_deaf_by_an_order_that_cannot_be_done)
{
    signals_.take([this](int number) {
        came_.push_back(number);
        if (came_.size() == 1)
            throw std::runtime_error("no memory");
    });
    ::raise(SIGHUP);
    io_.run_one();
    ::raise(SIGHUP);
    io_.run_one();
    EXPECT_EQ((std::vector{SIGHUP, SIGHUP}), came_);
    EXPECT_EQ((std::vector<std::string>{"error cannot do what a signal orders: no memory"}),
              log_.lines());
}

} // namespace
} // namespace ferrule::process
