#include "config/endpoints.hpp"

#include <gtest/gtest.h>

namespace ferrule::config {

namespace {

using kind = endpoint::kind;

/// The one endpoint that `text` means, or none.
std::optional<endpoint> one(const std::string& text, address_use use = address_use::listen)
{
    const auto result = parse_endpoints(text, use);
    if (!result.value || result.value->size() != 1)
        return std::nullopt;
    return result.value->front();
}

TEST(addresses, may_be_ip4_ip6_names_and_unix_sockets)
{
    EXPECT_EQ(one("127.0.0.1:443"), (endpoint{kind::ip4, "127.0.0.1", 443}));
    EXPECT_EQ(one("0.0.0.0:1"), (endpoint{kind::ip4, "0.0.0.0", 1}));
    EXPECT_EQ(one("[::1]:65535"), (endpoint{kind::ip6, "::1", 65535}));
    EXPECT_EQ(one("[::]:443"), (endpoint{kind::ip6, "::", 443}));
    EXPECT_EQ(one("[::ffff:10.0.0.1]:80"), (endpoint{kind::ip6, "::ffff:10.0.0.1", 80}));
    EXPECT_EQ(one("localhost:8443"), (endpoint{kind::name, "localhost", 8443}));
    EXPECT_EQ(one("a-b.example.org:80"), (endpoint{kind::name, "a-b.example.org", 80}));
    EXPECT_EQ(one("app_1:80"), (endpoint{kind::name, "app_1", 80}));
    EXPECT_EQ(one("unix:/run/a.sock"), (endpoint{kind::unix_socket, "/run/a.sock", 0}));
    EXPECT_EQ(one("unix:/run/a:80"), (endpoint{kind::unix_socket, "/run/a:80", 0}));
}

TEST(addresses, are_written_as_they_are_read)
{
    for (const char* text :
         {"127.0.0.1:443", "[::1]:443", "localhost:8443", "unix:/run/a.sock", "fd:web"})
        EXPECT_EQ(one(text)->text(), text);
}

TEST(inherited_sockets, have_a_name_and_are_for_listening_only)
{
    EXPECT_EQ(one("fd:web", address_use::listen), (endpoint{kind::inherited, "web", 0}));
    EXPECT_EQ(one("fd:ferrule.socket", address_use::listen),
              (endpoint{kind::inherited, "ferrule.socket", 0}));
    EXPECT_FALSE(one("fd:", address_use::listen));
    EXPECT_FALSE(one("fd: web", address_use::listen));
    EXPECT_FALSE(one("fd:a:b", address_use::listen));
    EXPECT_FALSE(one("fd:web", address_use::connect));
    EXPECT_FALSE(one("fd:web", address_use::metrics));
}

TEST(a_star, is_both_families_and_only_for_listening)
{
    const auto result = parse_endpoints("*:443", address_use::listen);
    ASSERT_TRUE(result.value);
    EXPECT_EQ(*result.value,
              (std::vector<endpoint>{{kind::ip4, "0.0.0.0", 443}, {kind::ip6, "::", 443, true}}));
    EXPECT_FALSE(parse_endpoints("*:443", address_use::connect).value);
    EXPECT_FALSE(parse_endpoints("*:443", address_use::metrics).value);
}

TEST(port_0, is_for_listening_only)
{
    EXPECT_TRUE(one("127.0.0.1:0", address_use::listen));
    EXPECT_TRUE(one("127.0.0.1:0", address_use::metrics));
    EXPECT_FALSE(one("127.0.0.1:0", address_use::connect));
}

TEST(metrics, take_no_host_name)
{
    EXPECT_TRUE(one("[::1]:9464", address_use::metrics));
    EXPECT_TRUE(one("unix:/run/metrics.sock", address_use::metrics));
    EXPECT_FALSE(one("localhost:9464", address_use::metrics));
}

TEST(addresses, that_are_slips_are_refused)
{
    const std::string long_label(64, 'a');
    for (const std::string text : {"",
                                   ":",
                                   ":80",
                                   "80",
                                   "127.0.0.1",
                                   "127.0.0.1:",
                                   "127.0.0.1:x",
                                   "127.0.0.1:-1",
                                   "127.0.0.1:+1",
                                   "127.0.0.1:65536",
                                   "127.0.0.1:080",
                                   "127.0.0.1:99999999999999999999",
                                   "1.2.3:80",
                                   "1.2.3.4.5:80",
                                   "010.0.0.1:80",
                                   "256.1.1.1:80",
                                   "::1",
                                   "::1:80",
                                   "[::1]",
                                   "[::1:80",
                                   "[]:80",
                                   "[:80",
                                   "]:80",
                                   "[::1]x:80",
                                   "[::1%eth0]:80",
                                   "[1.2.3.4]:80",
                                   "1:2:3:4:5:6:7:8:80",
                                   "a b:80",
                                   "a..b:80",
                                   ".a:80",
                                   "http://a:80",
                                   "user@a:80",
                                   "unix:",
                                   "unix:a",
                                   "unix:@a",
                                   "/run/a.sock"})
        EXPECT_FALSE(parse_endpoints(text, address_use::listen).value) << text;
    EXPECT_FALSE(parse_endpoints(long_label + ":80", address_use::listen).value);
    EXPECT_FALSE(parse_endpoints(std::string(300, 'a') + ":80", address_use::listen).value);
}

TEST(addresses, that_are_refused_say_why_and_what_to_write)
{
    for (const char* text : {":80", "127.0.0.1", "127.0.0.1:x", "256.1.1.1:80", "::1", "[::g]:80",
                             "a b:80", "unix:a", "/run/a.sock"}) {
        const auto result = parse_endpoints(text, address_use::connect);
        EXPECT_FALSE(result.problem.empty()) << text;
        EXPECT_FALSE(result.fix.empty()) << text;
    }
}

TEST(link_local_addresses, have_their_interface)
{
    EXPECT_EQ(one("[fe80::1%lo]:443", address_use::listen),
              (endpoint{kind::ip6, "fe80::1%lo", 443}));
    EXPECT_EQ(one("[fe80::1%lo]:443")->text(), "[fe80::1%lo]:443");
    EXPECT_TRUE(one("[fe80::1%1]:443"));
    const auto problem = [](const char* text) {
        return parse_endpoints(text, address_use::connect).problem;
    };
    EXPECT_EQ(problem("[fe80::1]:443"), "is a link-local address without its interface");
    EXPECT_EQ(problem("[fe80::1%nosuch0]:443"), "names an interface that is not there");
    EXPECT_EQ(problem("[fe80::1%]:443"), "names an interface that is not there");
    EXPECT_EQ(problem("[::1%lo]:443"),
              "names an interface, which only a link-local address (fe80::) has");
    const std::string fix = parse_endpoints("[fe80::1]:443", address_use::connect).fix;
    EXPECT_TRUE(fix.starts_with("write [fe80::1%NAME]:443, where NAME is one of: ")) << fix;
    EXPECT_NE(fix.find("lo"), fix.npos) << fix;
}

TEST(addresses, that_look_like_those_of_other_programs_are_shown_as_ours)
{
    const auto fix = [](const char* text) {
        return parse_endpoints(text, address_use::connect).fix;
    };
    EXPECT_EQ(fix("http://app:8080/path"), "write only app:8080");
    EXPECT_EQ(fix("https://app"), "write only the host and its port, such as localhost:8080");
    EXPECT_EQ(fix("a:1, [::1]:2"), "each is an entry of its own: [\"a:1\", \"[::1]:2\"]");
}

TEST(unix_paths, have_107_bytes_at_most)
{
    EXPECT_TRUE(one("unix:/" + std::string(106, 'a')));
    EXPECT_FALSE(one("unix:/" + std::string(107, 'a')));
}

} // namespace
} // namespace ferrule::config
