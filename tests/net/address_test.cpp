#include "net/address.hpp"

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/un.h>

#include <cstddef>
#include <string>

namespace ferrule::net {
namespace {

/// What the kernel would fill in for this address.
sockaddr_storage storage_of(const address& from)
{
    return *reinterpret_cast<const sockaddr_storage*>(from.data());
}

TEST(address, takes_ipv4)
{
    const auto made = address::ip("127.0.0.1", 8443);
    ASSERT_TRUE(made.has_value());
    EXPECT_EQ(AF_INET, made->family());
    EXPECT_EQ(sizeof(sockaddr_in), made->size());
    EXPECT_EQ(8443, made->port());
    EXPECT_EQ("127.0.0.1:8443", made->text());
    EXPECT_FALSE(made->is_unix());
    const auto* native = reinterpret_cast<const sockaddr_in*>(made->data());
    EXPECT_EQ(htonl(INADDR_LOOPBACK), native->sin_addr.s_addr);
    EXPECT_EQ(htons(8443), native->sin_port);
}

TEST(address, takes_ipv6_and_writes_it_in_brackets)
{
    const auto made = address::ip("2001:DB8:0:0::1", 65535);
    ASSERT_TRUE(made.has_value());
    EXPECT_EQ(AF_INET6, made->family());
    EXPECT_EQ(sizeof(sockaddr_in6), made->size());
    EXPECT_EQ(65535, made->port());
    EXPECT_EQ("[2001:db8::1]:65535", made->text());
    EXPECT_EQ("[::]:0", address::ip("::", 0)->text());
    EXPECT_EQ("[::ffff:192.0.2.1]:1", address::ip("::ffff:192.0.2.1", 1)->text());
}

TEST(address, takes_literal_addresses_only)
{
    for (const char* host : {"", "localhost", "127.0.0.1.", "127.1", "256.0.0.1", "[::1]", "::1]",
                             "1:2", "::1%lo", " 127.0.0.1", "127.0.0.1 ", "*"})
        EXPECT_FALSE(address::ip(host, 1).has_value()) << host;
}

TEST(address, takes_unix_paths_as_long_as_the_kernel_does)
{
    const auto made = address::unix_socket("/run/app.sock");
    ASSERT_TRUE(made.has_value());
    EXPECT_TRUE(made->is_unix());
    EXPECT_EQ(AF_UNIX, made->family());
    EXPECT_EQ(0, made->port());
    EXPECT_EQ("unix:/run/app.sock", made->text());
    EXPECT_EQ(offsetof(sockaddr_un, sun_path) + 14, made->size());

    const std::string longest(107, 'p');
    ASSERT_TRUE(address::unix_socket(longest).has_value());
    EXPECT_EQ("unix:" + longest, address::unix_socket(longest)->text());
    EXPECT_FALSE(address::unix_socket(longest + "p").has_value());
    EXPECT_FALSE(address::unix_socket("").has_value());
}

TEST(address, copies_what_the_kernel_says)
{
    const address made = address::ip("192.0.2.7", 443).value();
    const address copy{storage_of(made), made.size()};
    EXPECT_EQ("192.0.2.7:443", copy.text());
    EXPECT_EQ(made.size(), copy.size());
}

TEST(address, calls_a_peer_without_a_path_unix)
{
    sockaddr_storage nameless{};
    nameless.ss_family = AF_UNIX;
    EXPECT_EQ("unix", (address{nameless, sizeof(sa_family_t)}.text()));
    auto* local = reinterpret_cast<sockaddr_un*>(&nameless);
    local->sun_path[1] = 'a'; // an abstract one
    EXPECT_EQ("unix", (address{nameless, offsetof(sockaddr_un, sun_path) + 2}.text()));
}

TEST(address, says_nothing_of_no_address)
{
    const address none;
    EXPECT_EQ("-", none.text());
    EXPECT_EQ(0, none.port());
    EXPECT_EQ(0U, none.size());
    EXPECT_FALSE(none.is_unix());
}

TEST(address, compares_ip_addresses_without_their_ports)
{
    const auto ip = [](const char* host, std::uint16_t port) {
        return address::ip(host, port).value();
    };
    EXPECT_TRUE(ip("192.0.2.7", 1).has_same_ip(ip("192.0.2.7", 2)));
    EXPECT_FALSE(ip("192.0.2.7", 1).has_same_ip(ip("192.0.2.8", 1)));
    EXPECT_TRUE(ip("2001:db8::5", 1).has_same_ip(ip("2001:db8::5", 2)));
    EXPECT_FALSE(ip("2001:db8::5", 1).has_same_ip(ip("2001:db8::6", 1)));
    EXPECT_FALSE(ip("::1", 1).has_same_ip(ip("127.0.0.1", 1)));
    const address local = address::unix_socket("/run/app.sock").value();
    EXPECT_FALSE(local.has_same_ip(local));
}

TEST(address, has_the_interface_of_a_link_local_one)
{
    const auto by_name = address::ip("fe80::1%lo", 80);
    const auto by_number = address::ip("fe80::1%1", 80);
    ASSERT_TRUE(by_name && by_number);
    EXPECT_EQ("[fe80::1%lo]:80", by_name->text());
    EXPECT_EQ(by_name->text(), by_number->text());
    EXPECT_TRUE(by_name->has_same_ip(*by_number));
    EXPECT_FALSE(by_name->has_same_ip(address::ip("fe80::1", 80).value()));
    EXPECT_FALSE(address::ip("fe80::1%nosuch0", 80));
    EXPECT_FALSE(address::ip("fe80::1%", 80));
    EXPECT_FALSE(address::ip("fe80::1%lo%lo", 80));
}

TEST(client_address, keeps_what_is_needed_of_ip)
{
    const address v4 = address::ip("198.51.100.23", 50000).value();
    const address v6 = address::ip("2001:db8::5", 50001).value();
    EXPECT_EQ("198.51.100.23:50000", client_address{storage_of(v4)}.text());
    EXPECT_EQ("[2001:db8::5]:50001", client_address{storage_of(v6)}.text());
    EXPECT_LE(sizeof(client_address), 20U) << "each session has one";
}

TEST(client_address, calls_all_others_unix)
{
    const address local = address::unix_socket("/run/client.sock").value();
    EXPECT_EQ("unix", client_address{storage_of(local)}.text());
    EXPECT_EQ("unix", client_address{}.text());
}

} // namespace
} // namespace ferrule::net
