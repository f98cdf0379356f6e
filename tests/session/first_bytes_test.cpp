#include "session/first_bytes.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ferrule::session {
namespace {

/// A literal that may have zeros in it.
template <std::size_t Size>
std::string raw(const char (&literal)[Size])
{
    return {literal, Size - 1};
}

std::string told(const std::string& first)
{
    return std::string{no_tls_but(std::as_bytes(std::span{first}))};
}

TEST(first_bytes, of_tls_say_nothing)
{
    EXPECT_EQ("", told(""));
    EXPECT_EQ("", told(raw("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")));
    EXPECT_EQ("", told(raw("\x16")));
    EXPECT_EQ("", told(raw("\x15\x03\x01\x00\x02\x02\x28")));
    // A ClientHello of TLS in the form of SSL 2.0.
    EXPECT_EQ("", told(raw("\x80\x2e\x01\x03\x01\x00\x15\x00")));
}

TEST(first_bytes, of_http)
{
    const std::string http = "no TLS: the client speaks plain HTTP";
    EXPECT_EQ(http, told("GET / HTTP/1.1\r\nHost: localhost\r\n"));
    EXPECT_EQ(http, told("POST /a HTTP/1.1"));
    EXPECT_EQ(http, told("OPTIONS * HTTP/1.1"));
    EXPECT_EQ("no TLS: the client speaks plain HTTP/2", told("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    EXPECT_EQ("no TLS: the client takes this for an HTTP proxy", told("CONNECT a:443 HTTP/1.1"));
}

TEST(first_bytes, of_other_text)
{
    EXPECT_EQ("no TLS: the client speaks SSH", told("SSH-2.0-OpenSSH_9.2"));
    EXPECT_EQ("no TLS: the client speaks plain SMTP", told("EHLO client.example\r\n"));
    EXPECT_EQ("no TLS: the client speaks plain FTP, POP3 or IRC", told("USER me\r\n"));
    EXPECT_EQ("no TLS: the client speaks a plain text protocol", told("a1 LOGIN me\r\n"));
    EXPECT_EQ("no TLS: the client speaks a plain text protocol", told("*1\r\n$4\r\nPING\r\n"));
}

TEST(first_bytes, of_a_load_balancer_in_front)
{
    const std::string proxy = "no TLS: a PROXY protocol header, which is not understood";
    EXPECT_EQ(proxy, told("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"));
    EXPECT_EQ(proxy, told(raw("\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c")));
}

TEST(first_bytes, of_binary_protocols)
{
    EXPECT_EQ("no TLS: a PostgreSQL SSLRequest, which asks for an answer before TLS",
              told(raw("\0\0\0\x08\x04\xd2\x16\x2f")));
    EXPECT_EQ("no TLS: the client speaks plain PostgreSQL",
              told(raw("\0\0\0\x29\0\x03\0\0user\0")));
    EXPECT_EQ("no TLS: the client takes this for a SOCKS proxy", told(raw("\x05\x01\x00")));
    EXPECT_EQ("no TLS: the client takes this for a SOCKS proxy",
              told(raw("\x04\x01\x01\xbb\x0a\0")));
    EXPECT_EQ("no TLS: the client speaks RDP", told(raw("\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01")));
    EXPECT_EQ("no TLS: the client speaks SSL 2.0", told(raw("\x80\x2e\x01\x00\x02\x00\x15\x00")));
    EXPECT_EQ("no TLS: the client speaks plain MQTT", told(raw("\x10\x10\0\x04MQTT\x04\x02")));
    EXPECT_EQ("no TLS: the client's first bytes are no TLS record",
              told(raw("\xff\xfe\0\x01\x02")));
}

TEST(first_bytes, that_are_too_few_say_nothing)
{
    EXPECT_EQ("", told(raw("\0")));
    EXPECT_EQ("", told(raw("\x05\x01")));
    EXPECT_EQ("", told("GE"));
}

TEST(first_bytes, beyond_the_sixteenth_do_not_count)
{
    EXPECT_EQ(told("abcdefghijklmnop"), told(raw("abcdefghijklmnop\0\xff")));
}

} // namespace
} // namespace ferrule::session
