#include "net/wakeable.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ferrule::net {
namespace {

/// Writes its name down when it has its turn, then does what it was told to do.
class sleeper final : public wakeable {
public:
    sleeper(std::string name, std::string& diary) : name_{std::move(name)}, diary_{diary} {}

    using wakeable::retire;
    using wakeable::set_heavy;

    void run() override
    {
        diary_ += name_;
        if (then)
            then();
    }
    std::function<void()> then;

private:
    std::string name_;
    std::string& diary_;
};

TEST(ready_queue, gives_turns_in_the_order_of_waking)
{
    std::string diary;
    ready_queue queue;
    sleeper a{"a", diary};
    sleeper b{"b", diary};
    sleeper c{"c", diary};
    EXPECT_TRUE(queue.empty());
    queue.push(b);
    queue.push(c);
    queue.push(a);
    EXPECT_FALSE(queue.empty());
    queue.run_once();
    EXPECT_EQ("bca", diary);
    EXPECT_TRUE(queue.empty());
    queue.run_once();
    EXPECT_EQ("bca", diary);
}

TEST(ready_queue, gives_one_turn_to_who_was_woken_several_times)
{
    std::string diary;
    ready_queue queue;
    sleeper a{"a", diary};
    sleeper b{"b", diary};
    queue.push(a);
    queue.push(b);
    queue.push(a);
    queue.run_once();
    EXPECT_EQ("ab", diary);
}

TEST(ready_queue, lets_who_is_woken_in_its_own_turn_wait_for_the_next_round)
{
    std::string diary;
    ready_queue queue;
    sleeper a{"a", diary};
    sleeper b{"b", diary};
    a.then = [&] { queue.push(a); };
    queue.push(a);
    queue.push(b);
    queue.run_once();
    EXPECT_EQ("ab", diary) << "a has had its turn";
    EXPECT_FALSE(queue.empty());
    a.then = nullptr;
    queue.run_once();
    EXPECT_EQ("aba", diary);
    EXPECT_TRUE(queue.empty());
}

TEST(ready_queue, lets_who_is_woken_by_another_wait_for_the_next_round)
{
    std::string diary;
    ready_queue queue;
    sleeper a{"a", diary};
    sleeper b{"b", diary};
    a.then = [&] { queue.push(b); };
    queue.push(a);
    queue.run_once();
    EXPECT_EQ("a", diary);
    queue.run_once();
    EXPECT_EQ("ab", diary);
}

TEST(ready_queue, gives_one_turn_to_who_waits_already_and_is_woken_by_another)
{
    std::string diary;
    ready_queue queue;
    sleeper a{"a", diary};
    sleeper b{"b", diary};
    a.then = [&] { queue.push(b); };
    queue.push(a);
    queue.push(b);
    queue.run_once();
    EXPECT_EQ("ab", diary);
    EXPECT_TRUE(queue.empty());
}

TEST(ready_queue, forgets_who_is_destroyed)
{
    std::string diary;
    ready_queue queue;
    sleeper a{"a", diary};
    queue.push(a);
    {
        sleeper gone{"x", diary};
        queue.push(gone);
    }
    sleeper b{"b", diary};
    queue.push(b);
    queue.run_once();
    EXPECT_EQ("ab", diary);
}

TEST(ready_queue, forgets_who_is_destroyed_in_the_turn_of_another)
{
    std::string diary;
    ready_queue queue;
    sleeper a{"a", diary};
    std::optional<sleeper> gone;
    gone.emplace("x", diary);
    sleeper b{"b", diary};
    a.then = [&] { gone.reset(); };
    queue.push(a);
    queue.push(*gone);
    queue.push(b);
    queue.run_once();
    EXPECT_EQ("ab", diary);
}

TEST(ready_queue, gives_no_turn_to_who_is_over)
{
    std::string diary;
    ready_queue queue;
    sleeper over{"x", diary};
    sleeper b{"b", diary};
    queue.push(over);
    queue.push(b);
    EXPECT_FALSE(over.is_retired());
    over.retire();
    EXPECT_TRUE(over.is_retired());
    queue.push(over);
    queue.run_once();
    EXPECT_EQ("b", diary);
    EXPECT_TRUE(queue.empty());
}

TEST(ready_queue, gives_no_turn_to_who_wakes_itself_in_its_last_one)
{
    std::string diary;
    ready_queue queue;
    sleeper last{"x", diary};
    last.then = [&] {
        queue.push(last);
        last.retire();
    };
    queue.push(last);
    queue.run_once();
    EXPECT_TRUE(queue.empty());
    queue.run_once();
    EXPECT_EQ("x", diary);
}

TEST(ready_queue, gives_no_turn_to_who_is_over_before_another_of_the_same_round_has_had_its_own)
{
    std::string diary;
    ready_queue queue;
    sleeper a{"a", diary};
    sleeper over{"x", diary};
    sleeper heavy{"h", diary};
    heavy.set_heavy(true);
    a.then = [&] {
        over.retire();
        heavy.retire();
    };
    queue.push(a);
    queue.push(over);
    queue.push(heavy);
    queue.run_once();
    EXPECT_EQ("a", diary);
    EXPECT_TRUE(queue.empty());
}

/// Ends with its turn, as a session does.
class mortal final : public wakeable {
public:
    explicit mortal(std::string& diary) : diary_{diary} {}
    void run() override
    {
        diary_ += "m";
        delete this;
    }

private:
    std::string& diary_;
};

TEST(ready_queue, lets_one_destroy_itself_in_its_turn)
{
    std::string diary;
    ready_queue queue;
    sleeper b{"b", diary};
    queue.push(*new mortal{diary});
    queue.push(b);
    queue.run_once();
    EXPECT_EQ("mb", diary);
}

TEST(ready_queue, may_go_before_those_who_wait_in_it)
{
    std::string diary;
    sleeper a{"a", diary};
    {
        ready_queue queue;
        queue.push(a);
    }
    ready_queue another;
    another.push(a);
    another.run_once();
    EXPECT_EQ("a", diary);
}

TEST(ready_queue, gives_one_heavy_turn_in_a_round)
{
    std::string diary;
    ready_queue queue;
    sleeper light{"l", diary};
    sleeper first{"F", diary};
    sleeper second{"S", diary};
    for (sleeper* each : {&first, &second}) {
        each->set_heavy(true);
        each->then = [&queue, each] { queue.push(*each); };
        queue.push(*each);
    }
    queue.push(light);
    queue.run_once();
    EXPECT_EQ("lF", diary) << "the short turn comes first";
    queue.run_once();
    EXPECT_EQ("lFS", diary) << "the heavy ones take turns";
    queue.push(light);
    queue.run_once();
    EXPECT_EQ("lFSlF", diary);
    EXPECT_FALSE(queue.empty());
}

} // namespace
} // namespace ferrule::net
