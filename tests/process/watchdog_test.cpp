#include "process/watchdog.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace ferrule::process {
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
    watchdog dog{1ms, {first.ask(), second.ask()}, {[&] { alive.add(); }}};
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
        watchdog dog{1ms, {good.ask(), stuck.ask()}, {[&] { alive.add(); }}};
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
    watchdog dog{1ms, {late.ask()}, {[&] { alive.add(); }}};
    late.wait_for_question();
    EXPECT_EQ(1, alive.seen());
    late.answer();
    alive.wait_for(2);
}

/// What a watchdog said, in its order: 0 for `alive`, microseconds for `silent`.
class diary {
public:
    watchdog::notices pen()
    {
        return {[this] { add(0); }, [this](base::microseconds how_long) { add(how_long.count()); }};
    }

    /// The first `count` entries, once there are so many.
    std::vector<std::int64_t> first(std::size_t count)
    {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return entries_.size() >= count; });
        return {entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(count)};
    }

private:
    void add(std::int64_t entry)
    {
        const std::lock_guard lock{mutex_};
        entries_.push_back(entry);
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::int64_t> entries_;
};

TEST(watchdog, says_for_how_long_somebody_has_been_silent)
{
    asked stuck;
    diary told;
    const watchdog dog{1ms, {stuck.ask()}, told.pen()};
    EXPECT_EQ((std::vector<std::int64_t>{0, 1000, 2000, 3000}), told.first(4));
}

TEST(watchdog, counts_each_silence_from_its_own_beginning)
{
    asked late;
    diary told;
    const watchdog dog{1ms, {late.ask()}, told.pen()};
    told.first(4);
    late.answer();
    // However many looks there were: behind the second `alive` the count begins again.
    std::vector<std::int64_t> all;
    std::size_t again = 0;
    for (std::size_t count = 5; again == 0 || again + 1 == all.size(); ++count) {
        all = told.first(count);
        if (again == 0 && all.back() == 0)
            again = all.size() - 1;
    }
    EXPECT_EQ(1000, all[again + 1]);
}

TEST(watchdog, an_answer_may_come_after_its_end)
{
    asked late;
    {
        const watchdog dog{1h, {late.ask()}, {[] {}}};
        late.wait_for_question();
    }
    late.answer();
}

} // namespace
} // namespace ferrule::process
