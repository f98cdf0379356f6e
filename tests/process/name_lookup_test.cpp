#include "process/name_lookup.hpp"

#include "process/stand_ins.hpp"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace ferrule::process {
namespace {

using namespace std::chrono_literals;

config::backend_settings named(const std::string& name)
{
    return {name, {{config::endpoint::kind::name, name + ".test", 80}}};
}

config::backend_settings numbered(const std::string& name)
{
    return {name, {{config::endpoint::kind::ip4, "127.0.0.1", 80}}};
}

/// Finds whatever is asked for, or throws.
class name_server {
public:
    name_lookup::resolver resolver()
    {
        return [this](const name_lookup::backends_list& backends) {
            const std::lock_guard lock{mutex_};
            on_ = std::this_thread::get_id();
            asked_.emplace_back();
            backends::lookups found;
            for (const config::backend_settings& each : backends) {
                asked_.back() += each.name + " ";
                found[each.name] = {};
            }
            if (!trouble_.empty())
                throw std::runtime_error(trouble_);
            return found;
        };
    }

    void fail(const std::string& trouble)
    {
        const std::lock_guard lock{mutex_};
        trouble_ = trouble;
    }

    /// The names of the backends, for each time that it was asked.
    std::vector<std::string> asked()
    {
        const std::lock_guard lock{mutex_};
        return asked_;
    }

    /// On which thread it was asked last.
    std::thread::id on()
    {
        const std::lock_guard lock{mutex_};
        return on_;
    }

private:
    std::mutex mutex_;
    std::string trouble_;
    std::vector<std::string> asked_;
    std::thread::id on_;
};

class looking_up : public ::testing::Test {
protected:
    /// What a taker was given, as "name name: trouble".
    name_lookup::taker take()
    {
        return [this](const backends::lookups& found, const std::string& trouble) {
            std::string text;
            for (const auto& [name, each] : found)
                text += name + " ";
            taken_.push_back(text + trouble);
        };
    }

    void keep_looking(name_lookup::backends_list backends)
    {
        names_->keep_looking([backends] { return backends; },
                             [this](const backends::lookups& found) { take()(found, {}); });
    }

    metrics::registry numbers_{1};
    kept_log log_{numbers_};
    manual_loop loop_;
    name_server server_;
    std::unique_ptr<name_lookup> names_ =
        std::make_unique<name_lookup>(loop_, log_.log(), server_.resolver());
    std::vector<std::string> taken_;
};

TEST_F(looking_up, takes_no_time_where_there_are_no_names)
{
    names_->look_up({numbered("app")}, take());
    EXPECT_EQ((std::vector<std::string>{"app "}), taken_);
    EXPECT_EQ(std::this_thread::get_id(), server_.on());
}

TEST_F(looking_up, does_not_keep_the_main_thread_waiting)
{
    names_->look_up({named("app"), numbered("other")}, take());
    EXPECT_TRUE(taken_.empty());
    loop_.run_posted();
    EXPECT_EQ((std::vector<std::string>{"app other "}), taken_);
    EXPECT_NE(std::this_thread::get_id(), server_.on());
}

TEST_F(looking_up, says_what_went_wrong)
{
    server_.fail("out of sockets");
    names_->look_up({named("app")}, take());
    loop_.run_posted();
    EXPECT_EQ((std::vector<std::string>{"out of sockets"}), taken_);
}

TEST_F(looking_up, may_outlive_who_asked)
{
    std::promise<void> asked;
    std::promise<void> gone;
    std::promise<void> thread_ended;
    names_ =
        std::make_unique<name_lookup>(loop_, log_.log(), [&](const name_lookup::backends_list&) {
            asked.set_value();
            gone.get_future().wait();
            return backends::lookups{};
        });
    {
        // It goes with the last copy of the taker, which is the thread's own.
        const std::shared_ptr<void> last{nullptr, [&](void*) { thread_ended.set_value(); }};
        names_->look_up({named("app")}, [last, take = take()](const auto& found, const auto& why) {
            take(found, why);
        });
    }
    asked.get_future().wait();
    names_.reset();
    gone.set_value();
    thread_ended.get_future().wait();
    EXPECT_EQ(0U, loop_.posted());
    EXPECT_TRUE(taken_.empty());
}

TEST_F(looking_up, is_done_again_each_ten_seconds_for_the_backends_with_names)
{
    keep_looking({named("app"), numbered("other"), named("web")});
    loop_.pass(9999ms);
    EXPECT_TRUE(server_.asked().empty());
    loop_.pass(1ms);
    loop_.run_posted();
    EXPECT_EQ((std::vector<std::string>{"app web "}), taken_);
    loop_.pass(10s);
    loop_.run_posted();
    EXPECT_EQ((std::vector<std::string>{"app web ", "app web "}), server_.asked());
    EXPECT_EQ(2U, taken_.size());
}

TEST_F(looking_up, waits_for_what_is_found_before_it_looks_again)
{
    keep_looking({named("app")});
    loop_.pass(60s);
    loop_.run_posted();
    EXPECT_EQ(1U, server_.asked().size());
    loop_.pass(10s);
    loop_.run_posted();
    EXPECT_EQ(2U, server_.asked().size());
}

TEST_F(looking_up, goes_on_when_there_was_trouble)
{
    server_.fail("out of sockets");
    keep_looking({named("app")});
    loop_.pass(10s);
    loop_.run_posted();
    EXPECT_TRUE(taken_.empty());
    server_.fail({});
    loop_.pass(10s);
    loop_.run_posted();
    EXPECT_EQ((std::vector<std::string>{"app "}), taken_);
    EXPECT_EQ((std::vector<std::string>{"error cannot look names up: out of sockets"}),
              log_.lines());
}

TEST_F(looking_up, goes_on_when_it_could_not_even_begin)
{
    int asked = 0;
    names_->keep_looking(
        [&]() -> name_lookup::backends_list {
            ++asked;
            throw std::runtime_error("no memory");
        },
        [](const backends::lookups&) {});
    loop_.pass(20s);
    EXPECT_EQ(2, asked);
    EXPECT_EQ("error cannot look names up: no memory", log_.lines().back());
}

TEST_F(looking_up, ends_when_it_is_stopped_but_for_the_one_under_way)
{
    int begun = 0;
    names_->keep_looking(
        [&] {
            ++begun;
            return name_lookup::backends_list{named("app")};
        },
        [this](const backends::lookups& found) { take()(found, {}); });
    loop_.pass(10s);
    names_->stop();
    loop_.run_posted();
    EXPECT_EQ((std::vector<std::string>{"app "}), taken_);
    loop_.pass(60s);
    EXPECT_EQ(1, begun);
}

} // namespace
} // namespace ferrule::process
