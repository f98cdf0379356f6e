#include "process/worker_threads.hpp"

#include "process/stand_ins.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace ferrule::process {
namespace {

using namespace std::chrono_literals;

/// Two workers without a listener, and what they tell.
class threads : public ::testing::Test {
protected:
    threads()
    {
        workers_.make(2);
        workers_.start();
    }

    metrics::registry numbers_{2};
    kept_log log_{numbers_, 2};
    manual_loop loop_;
    worker_threads workers_{loop_, numbers_.process(), log_.log()};
};

TEST_F(threads, answer_on_the_main_thread_once_from_each)
{
    int listed = 0;
    int killed = 0;
    workers_.list({}, 10, [&](const worker::session_list& found) {
        EXPECT_EQ(0U, found.fitting);
        ++listed;
    });
    EXPECT_EQ(0, listed) << "only when the loop comes to it";
    loop_.run_posted();
    loop_.run_posted();
    EXPECT_EQ(2, listed);
    workers_.kill({}, [&](const std::vector<std::uint64_t>& ids) {
        EXPECT_TRUE(ids.empty());
        ++killed;
    });
    loop_.run_posted();
    loop_.run_posted();
    EXPECT_EQ(2, killed);
    EXPECT_EQ(0U, loop_.posted());
}

TEST_F(threads, that_have_no_session_are_drained_well)
{
    std::vector<bool> all_well;
    workers_.drain(1h, 1h, [&](bool well) { all_well.push_back(well); });
    loop_.run_posted();
    loop_.run_posted();
    EXPECT_EQ((std::vector<bool>{true, true}), all_well);
}

TEST_F(threads, give_each_a_question_of_its_own)
{
    const std::vector<watchdog::ask> questions = workers_.questions();
    ASSERT_EQ(2U, questions.size());
    std::vector<std::thread::id> who(2);
    for (std::size_t i = 0; i < 2; ++i)
        questions[i]([this, &who, i] {
            const auto self = std::this_thread::get_id();
            loop_.post("", [&who, i, self] { who[i] = self; });
        });
    loop_.run_posted();
    loop_.run_posted();
    EXPECT_NE(who[0], who[1]);
    EXPECT_NE(std::this_thread::get_id(), who[0]);
    EXPECT_NE(std::this_thread::get_id(), who[1]);
}

TEST_F(threads, may_be_stopped_twice)
{
    workers_.stop();
    workers_.stop();
    EXPECT_EQ(2U, workers_.size());
}

} // namespace
} // namespace ferrule::process
