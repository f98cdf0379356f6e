#include "process/io_loop.hpp"

#include "process/stand_ins.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace ferrule::process {
namespace {

using namespace std::chrono_literals;
using texts = std::vector<std::string>;

class looping : public ::testing::Test {
protected:
    std::function<void()> doing(const std::string& what)
    {
        return [this, what] { done_.push_back(what); };
    }

    static void fail() { throw std::runtime_error("no memory"); }

    metrics::registry numbers_{1};
    kept_log log_{numbers_};
    boost::asio::io_context io_;
    io_loop loop_{io_, log_.log()};
    texts done_;
};

TEST_F(looping, does_on_its_own_thread_what_another_posts)
{
    std::thread::id where;
    std::thread other{[&] { loop_.post("look", [&] { where = std::this_thread::get_id(); }); }};
    other.join();
    EXPECT_EQ(std::thread::id{}, where);
    io_.run();
    EXPECT_EQ(std::this_thread::get_id(), where);
}

TEST_F(looping, goes_on_when_something_fails)
{
    const auto timer = loop_.make_timer();
    loop_.post("do this", fail);
    loop_.post("do that", doing("that"));
    timer->set(0ms, "do it later", fail);
    io_.run();
    EXPECT_EQ((texts{"that"}), done_);
    const texts lines = log_.lines();
    EXPECT_EQ(2U, lines.size());
    EXPECT_EQ(1, std::ranges::count(lines, "error cannot do this: no memory"));
    EXPECT_EQ(1, std::ranges::count(lines, "error cannot do it later: no memory"));
}

TEST_F(looping, does_only_what_a_timer_was_set_to_last)
{
    const auto timer = loop_.make_timer();
    timer->set(1h, "do this", doing("this"));
    timer->set(0ms, "do that", doing("that"));
    io_.run();
    EXPECT_EQ((texts{"that"}), done_);
}

TEST_F(looping, does_nothing_when_a_timer_is_cancelled_or_gone)
{
    const auto cancelled = loop_.make_timer();
    auto gone = loop_.make_timer();
    cancelled->set(1h, "do this", doing("this"));
    gone->set(1h, "do that", doing("that"));
    cancelled->cancel();
    gone.reset();
    io_.run();
    EXPECT_TRUE(done_.empty());
}

TEST_F(looping, lets_a_timer_set_itself_anew)
{
    const auto timer = loop_.make_timer();
    timer->set(0ms, "do this", [&] {
        done_.emplace_back("this");
        timer->set(0ms, "do that", doing("that"));
    });
    io_.run();
    EXPECT_EQ((texts{"this", "that"}), done_);
}

TEST_F(looping, has_a_calendar)
{
    EXPECT_GT(loop_.unix_seconds(), 1'700'000'000);
}

} // namespace
} // namespace ferrule::process
