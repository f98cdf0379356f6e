// R62: a client that does not speak TLS, and what the log says of it.

#include "session/timing.hpp"
#include "session/told.hpp"

namespace {

using namespace std::chrono_literals;
using ferrule::test::ending_of;
using ferrule::test::expect_over_after;
using ferrule::test::world;

TEST(no_tls, is_told_by_what_the_client_speaks)
{
    world it;
    it.connect();
    it.client.send_raw("GET / HTTP/1.1\r\n\r\n");
    it.settle();
    EXPECT_EQ("no TLS: the client speaks plain HTTP", it.told().detail.view());
}

TEST(no_tls, is_told_when_it_comes_in_pieces)
{
    world it;
    it.connect();
    for (const char* const piece : {"S", "S", "H", "-", "2"}) {
        it.client.send_raw(piece);
        it.settle();
    }
    EXPECT_EQ("no TLS: the client speaks SSH", it.told().detail.view());
}

TEST(no_tls, is_told_of_a_client_that_waits_for_an_answer)
{
    world it;
    it.connect();
    it.client.send_raw(std::string{"\x05\x01\x00", 3});
    expect_over_after(it, 10s);
    EXPECT_EQ("no TLS: the client takes this for a SOCKS proxy", it.told().detail.view());
}

TEST(no_tls, is_told_of_a_client_that_gives_up)
{
    world it;
    it.connect();
    it.client.send_raw("QUIT");
    it.client.finish();
    it.settle();
    EXPECT_EQ("no TLS: the client speaks a plain text protocol", it.told().detail.view());
}

} // namespace
