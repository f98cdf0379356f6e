#include "trials/demo/backend.hpp"

#include "trials/demo/http_client.hpp"

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/resource.h>

#include <memory>
#include <thread>

namespace {

using ferrule::demo::demo_backend;
using ferrule::test::http_client;

bool contains(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

std::string first_line(const std::string& head)
{
    return head.substr(0, head.find("\r\n"));
}

std::string get(const std::string& path)
{
    return "GET " + path + " HTTP/1.1\r\nHost: demo.example:8443\r\n\r\n";
}

/// Reads a chunked body to its end.
std::string receive_chunks(http_client& client)
{
    std::string body;
    for (;;) {
        const auto size = std::stoul(client.receive_to("\r\n"), nullptr, 16);
        const std::string chunk = client.receive(size + 2);
        if (size == 0)
            return body;
        body += chunk.substr(0, size);
    }
}

class demo_server : public testing::Test {
protected:
    demo_backend backend;
    http_client client{backend.port()};

    /// Nothing is left over on the connection, and it takes another request.
    void expect_it_goes_on()
    {
        client.send(get("/bytes/3"));
        EXPECT_EQ("HTTP/1.1 200 OK", first_line(client.receive_head()));
        EXPECT_EQ("012", client.receive(3));
    }

    /// The status of the answer to `request`, whose text the caller does not care for.
    std::string status_of(const std::string& request)
    {
        http_client other(backend.port());
        other.send(request);
        return first_line(other.receive_head());
    }
};

TEST_F(demo_server, shows_what_to_try)
{
    client.send("GET / HTTP/1.1\r\nHost: demo.example:8443\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(contains(client.receive_head(), "Content-Type: text/plain"));
    const std::string page = client.receive_to_end();
    EXPECT_TRUE(contains(page, "curl -k https://demo.example:8443/reset/1000000"));
    for (const auto* const word :
         {"client_eof", "backend_eof", "client_truncated", "client_reset", "backend_reset"})
        EXPECT_TRUE(contains(page, word)) << word;
    EXPECT_FALSE(contains(page, "{host}"));
}

TEST_F(demo_server, does_not_repeat_an_odd_host)
{
    client.send("GET / HTTP/1.1\r\nHost: a;rm -rf b\r\nConnection: close\r\n\r\n");
    const std::string page = client.receive_to_end();
    EXPECT_TRUE(contains(page, "curl -k https://localhost:8443/bytes/"));
    EXPECT_FALSE(contains(page, "rm -rf"));
}

TEST_F(demo_server, sends_the_bytes_that_were_asked_for)
{
    client.send(get("/bytes/200000"));
    EXPECT_TRUE(contains(client.receive_head(), "Content-Length: 200000\r\n"));
    const std::string body = client.receive(200000);
    EXPECT_EQ("0123456789 abcdef", body.substr(65536, 17)); // whole lines of 64 bytes
    expect_it_goes_on();
}

TEST_F(demo_server, sends_no_body_for_head)
{
    for (const std::string path : {"/", "/bytes/10", "/nowhere"}) {
        client.send("HEAD " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_TRUE(contains(client.receive_head(), "Content-Length: "));
        expect_it_goes_on();
    }
}

TEST_F(demo_server, ends_a_stream_by_closing)
{
    client.send(get("/stream/200000"));
    const std::string head = client.receive_head();
    EXPECT_TRUE(contains(head, "Connection: close\r\n"));
    EXPECT_FALSE(contains(head, "Content-Length"));
    EXPECT_FALSE(contains(head, "chunked"));
    EXPECT_EQ(200000U, client.receive_to_end().size());
    EXPECT_FALSE(client.was_reset);
}

TEST_F(demo_server, reads_on_behind_its_own_end)
{
    client.send(get("/stream/10"));
    client.receive_to_end();
    client.send("late input must not be answered by a reset");
    client.send("nor more of it");
    client.send_fin();
    EXPECT_EQ("", client.receive_to_end());
    EXPECT_FALSE(client.was_reset);
}

TEST_F(demo_server, resets_behind_the_bytes_that_were_asked_for)
{
    for (const std::size_t count : {0UL, 1UL, 3000000UL}) {
        http_client other(backend.port());
        other.send(get("/reset/" + std::to_string(count)));
        EXPECT_TRUE(contains(other.receive_head(),
                             "Content-Length: " + std::to_string(2 * count + 1000) + "\r\n"));
        EXPECT_EQ(count, other.receive_to_end().size());
        EXPECT_TRUE(other.was_reset);
    }
}

TEST_F(demo_server, echoes_a_body_of_known_length)
{
    const std::string body(100000, 'x');
    client.send("PUT /anything HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\n"
                "Content-Length: 100000\r\n\r\n" +
                body);
    const std::string head = client.receive_head();
    EXPECT_TRUE(contains(head, "Content-Length: 100000\r\n"));
    EXPECT_TRUE(contains(head, "Content-Type: image/png\r\n"));
    EXPECT_EQ(body, client.receive(body.size()));
    expect_it_goes_on();
}

TEST_F(demo_server, echoes_while_the_client_still_sends)
{
    const std::string piece(1000000, 'x');
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n");
    std::thread sender([&] {
        for (int i = 0; i < 20; ++i)
            client.send(piece);
    });
    client.receive_head();
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(piece, client.receive(piece.size()));
    sender.join();
    expect_it_goes_on();
}

TEST_F(demo_server, echoes_chunks_as_chunks)
{
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send("5\r\nhello\r\n");
    EXPECT_TRUE(contains(client.receive_head(), "Transfer-Encoding: chunked\r\n"));
    EXPECT_EQ("5\r\nhello\r\n", client.receive(10));
    client.send("7\r\n"); // nothing to echo yet
    client.send(", world");
    client.send("\r\n0\r\n\r\n");
    EXPECT_EQ(", world", receive_chunks(client));
    expect_it_goes_on();
}

TEST_F(demo_server, echoes_an_empty_body)
{
    client.send("POST / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(contains(client.receive_head(), "Content-Length: 0\r\n"));
    expect_it_goes_on();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    client.receive_head();
    EXPECT_EQ("", receive_chunks(client));
    expect_it_goes_on();
}

TEST_F(demo_server, tells_a_client_that_waits_to_send_its_body)
{
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 4\r\n\r\n");
    EXPECT_EQ("HTTP/1.1 100 Continue\r\n\r\n", client.receive_head());
    client.send("body");
    EXPECT_EQ("HTTP/1.1 200 OK", first_line(client.receive_head()));
    EXPECT_EQ("body", client.receive(4));
    expect_it_goes_on();
}

TEST_F(demo_server, answers_requests_that_came_together_in_order)
{
    client.send(get("/bytes/1") + get("/nowhere") + get("/bytes/2"));
    client.receive_head();
    EXPECT_EQ("0", client.receive(1));
    EXPECT_EQ("HTTP/1.1 404 Not Found", first_line(client.receive_head()));
    EXPECT_EQ("no such page; / lists them\n", client.receive_to("\n"));
    client.receive_head();
    EXPECT_EQ("01", client.receive(2));
}

TEST_F(demo_server, refuses_what_it_does_not_serve)
{
    EXPECT_EQ("HTTP/1.1 404 Not Found", status_of(get("/bytes")));
    EXPECT_EQ("HTTP/1.1 200 OK", status_of(get("/bytes/10737418240?a=b")));
    for (const auto* const path : {"/bytes/10737418241", "/bytes/", "/stream/1k", "/reset/-1"})
        EXPECT_EQ("HTTP/1.1 400 Bad Request", status_of(get(path))) << path;
    EXPECT_EQ("HTTP/1.1 405 Method Not Allowed", status_of("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n"));
    EXPECT_EQ("HTTP/1.1 413 Payload Too Large",
              status_of("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10737418241\r\n\r\n"));
    EXPECT_EQ("HTTP/1.1 400 Bad Request",
              status_of("GET / HTTP/1.1\r\nA: " + std::string(100000, 'a') + "\r\n\r\n"));
}

TEST_F(demo_server, answers_nonsense_and_closes)
{
    client.send("\x16\x03\x01 a TLS hello perhaps\r\n\r\n");
    const std::string answer = client.receive_to_end();
    EXPECT_EQ("HTTP/1.1 400 Bad Request", first_line(answer));
    EXPECT_TRUE(contains(answer, "Connection: close\r\n"));
    EXPECT_FALSE(client.was_reset);
}

TEST_F(demo_server, closes_behind_a_body_that_it_does_not_want)
{
    client.send("GET /bytes/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_TRUE(contains(client.receive_head(), "Connection: close\r\n"));
    EXPECT_EQ("0", client.receive_to_end());
}

TEST_F(demo_server, answers_http_1_0_and_a_client_that_has_already_ended)
{
    client.send("GET /bytes/100000 HTTP/1.0\r\n\r\n");
    client.send_fin();
    EXPECT_EQ("HTTP/1.0 200 OK", first_line(client.receive_head()));
    EXPECT_EQ(100000U, client.receive_to_end().size());
    EXPECT_FALSE(client.was_reset);
}

TEST_F(demo_server, survives_clients_that_vanish)
{
    for (const auto* const request :
         {"GET / HT", "GET /bytes/10000000 HTTP/1.1\r\n\r\n",
          "PUT / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc",
          "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"}) {
        http_client other(backend.port());
        other.send(request);
    }
    expect_it_goes_on();
}

TEST_F(demo_server, accepts_again_when_descriptors_are_free_again)
{
    expect_it_goes_on();
    // The next descriptor goes to the client; there is none left for the server.
    rlimit before{};
    ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &before));
    const int next = dup(client.native());
    ::close(next);
    rlimit tight = before;
    tight.rlim_cur = static_cast<rlim_t>(next) + 1;
    ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &tight));
    http_client other(backend.port());
    other.send(get("/bytes/1"));
    pollfd answer{other.native(), POLLIN, 0};
    EXPECT_EQ(0, poll(&answer, 1, 50)) << "it was served without a descriptor";
    ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &before));
    EXPECT_EQ("HTTP/1.1 200 OK", first_line(other.receive_head()));
}

TEST(demo_server_stop, closes_idle_connections_and_cuts_the_others)
{
    auto backend = std::make_unique<demo_backend>();
    const auto port = backend->port();
    http_client idle(port);
    idle.send(get("/bytes/1"));
    idle.receive_head();
    idle.receive(1);
    http_client busy(port);
    busy.send(get("/bytes/10000000000"));
    busy.receive_head();
    backend.reset();
    EXPECT_EQ("", idle.receive_to_end());
    EXPECT_FALSE(idle.was_reset);
    EXPECT_LT(busy.receive_to_end().size(), 10000000000U);
    EXPECT_THROW(http_client{port}, std::system_error);
}

} // namespace
