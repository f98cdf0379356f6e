#include "exporter/served_hosts.hpp"

#include <gtest/gtest.h>

namespace ferrule::exporter {
namespace {

TEST(served_hosts, are_addresses_and_localhost_with_or_without_a_port)
{
    for (const char* const host : {"127.0.0.1", "127.0.0.1:9464", "10.1.2.3:80", "[::1]:9464",
                                   "[::1]", "localhost", "LocalHost:9464", "localhost.", ""})
        EXPECT_TRUE(is_served_host(host, {})) << host;
}

TEST(served_hosts, are_no_names_of_others)
{
    for (const char* const host :
         {"evil.example", "evil.example:9464", "localhost.evil.example", "127.0.0.1.evil.example",
          "1.2.3", "[evil.example]", "[::1", "::1", "127.0.0.1@evil.example", "here", " "})
        EXPECT_FALSE(is_served_host(host, {})) << host;
}

TEST(served_hosts, are_the_names_that_are_configured)
{
    const std::vector<std::string> names{"ferrule", "metrics.example.org"};
    for (const char* const host :
         {"ferrule:9464", "metrics.example.org", "METRICS.example.org.:443"})
        EXPECT_TRUE(is_served_host(host, names)) << host;
    EXPECT_FALSE(is_served_host("example.org", names));
}

} // namespace
} // namespace ferrule::exporter
