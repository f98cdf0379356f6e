#include "net/descriptor.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/eventfd.h>

#include <utility>

namespace ferrule::net {
namespace {

int open_one()
{
    return eventfd(0, EFD_CLOEXEC);
}

bool is_open(int number)
{
    return fcntl(number, F_GETFD) >= 0;
}

TEST(descriptor, owns_nothing_at_first)
{
    const descriptor none;
    EXPECT_FALSE(none.is_open());
    EXPECT_EQ(-1, none.get());
}

TEST(descriptor, closes_what_it_owns)
{
    const int number = open_one();
    {
        const descriptor owner{number};
        EXPECT_TRUE(owner.is_open());
        EXPECT_EQ(number, owner.get());
        EXPECT_TRUE(is_open(number));
    }
    EXPECT_FALSE(is_open(number));
}

TEST(descriptor, closes_once)
{
    const int number = open_one();
    descriptor owner{number};
    owner.reset();
    EXPECT_FALSE(owner.is_open());
    EXPECT_FALSE(is_open(number));
    const descriptor another{open_one()}; // gets the same number
    owner.reset();
    EXPECT_TRUE(is_open(another.get()));
}

TEST(descriptor, gives_away_without_closing)
{
    descriptor owner{open_one()};
    const descriptor next{owner.release()};
    EXPECT_FALSE(owner.is_open());
    EXPECT_TRUE(is_open(next.get()));
}

TEST(descriptor, moves_to_one_owner)
{
    descriptor first{open_one()};
    const int number = first.get();
    descriptor second{std::move(first)};
    EXPECT_FALSE(first.is_open()); // NOLINT(bugprone-use-after-move): that is what is asked
    EXPECT_EQ(number, second.get());

    const int replaced = open_one();
    descriptor third{replaced};
    third = std::move(second);
    EXPECT_EQ(number, third.get());
    EXPECT_TRUE(is_open(number));
    EXPECT_FALSE(is_open(replaced)) << "what it owned before is closed";
}

TEST(descriptor, survives_being_moved_to_itself)
{
    descriptor owner{open_one()};
    descriptor& same = owner;
    owner = std::move(same);
    EXPECT_TRUE(owner.is_open());
    EXPECT_TRUE(is_open(owner.get()));
}

} // namespace
} // namespace ferrule::net
