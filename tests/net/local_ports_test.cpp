#include "net/local_ports.hpp"

#include <gtest/gtest.h>

namespace ferrule::net {
namespace {

TEST(local_ports, reads_what_the_kernel_writes)
{
    const port_range range = port_range_of("32768\t60999\n");
    EXPECT_EQ(32768, range.first);
    EXPECT_EQ(60999, range.last);
    EXPECT_FALSE(range.contains(32767));
    EXPECT_TRUE(range.contains(32768));
    EXPECT_TRUE(range.contains(60999));
    EXPECT_FALSE(range.contains(61000));
}

TEST(local_ports, takes_all_ports_for_local_where_it_does_not_understand)
{
    for (const char* text : {"", "32768", "60999 32768", "a b", "1 65536", "-1 2"}) {
        const port_range range = port_range_of(text);
        EXPECT_TRUE(range.contains(1)) << text;
        EXPECT_TRUE(range.contains(65535)) << text;
    }
}

TEST(local_ports, asks_the_kernel)
{
    const port_range range = local_ports();
    EXPECT_LE(range.first, range.last);
    EXPECT_GT(range.last, 1023) << "no machine gives connections privileged ports only";
}

} // namespace
} // namespace ferrule::net
