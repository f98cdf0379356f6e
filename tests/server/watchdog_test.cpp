#include "server/watchdog.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <vector>

namespace ferrule::server {
namespace {

using namespace std::chrono_literals;

/// Keeps the questions, and answers when it is told to.
class asked {
public:
    watchdog::ask ask()
    {
        return [this](std::function<void()> answer) {
            const std::lock_guard lock{mutex_};
            open_.push_back(std::move(answer));
            changed_.notify_all();
        };
    }

    /// Waits for a question, and answers it.
    void answer()
    {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return !open_.empty(); });
        const auto answer = std::move(open_.back());
        open_.pop_back();
        lock.unlock();
        answer();
    }

    void wait_for_question()
    {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return !open_.empty(); });
    }

    std::size_t open()
    {
        const std::lock_guard lock{mutex_};
        return open_.size();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::function<void()>> open_;
};

struct signs {
    void add()
    {
        const std::lock_guard lock{mutex};
        ++count;
        changed.notify_all();
    }
    void wait_for(int wanted)
    {
        std::unique_lock lock{mutex};
        changed.wait(lock, [&] { return count >= wanted; });
    }
    int seen()
    {
        const std::lock_guard lock{mutex};
        return count;
    }

    std::mutex mutex;
    std::condition_variable changed;
    int count = 0;
};

TEST(watchdog, is_alive_as_long_as_everybody_answers)
{
    asked first;
    asked second;
    signs alive;
    watchdog dog{1ms, {first.ask(), second.ask()}, [&] { alive.add(); }};
    for (int round = 1; round < 5; ++round) {
        alive.wait_for(round);
        first.answer();
        second.answer();
    }
    alive.wait_for(5);
}

TEST(watchdog, is_silent_from_the_first_question_that_is_not_answered)
{
    asked good;
    asked stuck;
    signs alive;
    {
        watchdog dog{1ms, {good.ask(), stuck.ask()}, [&] { alive.add(); }};
        good.answer();
        stuck.wait_for_question();
        // It looks again and again meanwhile, and neither asks nor says anything: had it asked, the
        // questions would be more than the one that is open.
    }
    EXPECT_EQ(1, alive.seen());
    EXPECT_EQ(1U, stuck.open());
    EXPECT_EQ(0U, good.open());
}

TEST(watchdog, goes_on_when_the_late_answer_comes)
{
    asked late;
    signs alive;
    watchdog dog{1ms, {late.ask()}, [&] { alive.add(); }};
    late.wait_for_question();
    EXPECT_EQ(1, alive.seen());
    late.answer();
    alive.wait_for(2);
}

TEST(watchdog, an_answer_may_come_after_its_end)
{
    asked late;
    {
        const watchdog dog{1h, {late.ask()}, [] {}};
        late.wait_for_question();
    }
    late.answer();
}

} // namespace
} // namespace ferrule::server
