// What is answered. Limits, addresses and the end: exporter_life_test.cpp.
#include "exporter/exporter.hpp"
#include "exporter/raw_client.hpp"

#include <gtest/gtest.h>

namespace ferrule::exporter {
namespace {

using test::raw_client;

bool begins_with(const std::string& text, const std::string& start)
{
    return text.rfind(start, 0) == 0;
}

bool contains(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

std::string body_of(const std::string& answer)
{
    return answer.substr(answer.find("\r\n\r\n") + 4);
}

class exporter_test : public testing::Test {
protected:
    metrics::registry numbers{1};
};

TEST_F(exporter_test, metrics_are_served_over_http)
{
    numbers.of_listener(0, "web").sessions_started.add(42);
    const exporter served{numbers, "127.0.0.1", 0, false};
    const std::string answer = raw_client::to_ip4(served.port()).get("/metrics");
    EXPECT_TRUE(begins_with(answer, "HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_TRUE(contains(answer, "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    EXPECT_TRUE(contains(answer, "\r\nDate: "));
    EXPECT_TRUE(contains(answer, "\nferrule_sessions_started_total{listener=\"web\"} 42\n"));
}

TEST_F(exporter_test, health_and_readiness_are_served)
{
    const exporter served{numbers, "127.0.0.1", 0, false};
    auto client = raw_client::to_ip4(served.port());
    std::string answer = client.get("/healthz");
    EXPECT_TRUE(begins_with(answer, "HTTP/1.1 200 OK\r\n"));
    EXPECT_EQ(body_of(answer), "ok\n");

    answer = client.get("/readyz");
    EXPECT_TRUE(begins_with(answer, "HTTP/1.1 503 Service Unavailable\r\n"));
    EXPECT_EQ(body_of(answer), "starting\n");
    numbers.process().ready = true;
    EXPECT_EQ(body_of(client.get("/readyz")), "ready\n");
    numbers.process().draining = true;
    EXPECT_EQ(body_of(client.get("/readyz")), "draining\n");
}

TEST_F(exporter_test, a_head_request_gets_the_head_of_the_answer_alone)
{
    const exporter served{numbers, "127.0.0.1", 0, false};
    auto client = raw_client::to_ip4(served.port());
    client.send("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const std::string answer = client.answer(false);
    EXPECT_TRUE(contains(answer, "\r\nContent-Length: 3\r\n")) << answer;
    EXPECT_EQ(body_of(answer), "");
    EXPECT_EQ(body_of(client.get("/healthz")), "ok\n") << "nothing of a body came in between";
}

TEST_F(exporter_test, what_is_not_there_is_a_404)
{
    const exporter served{numbers, "127.0.0.1", 0, false};
    EXPECT_TRUE(
        begins_with(raw_client::to_ip4(served.port()).get("/x"), "HTTP/1.1 404 Not Found\r\n"));
}

TEST_F(exporter_test, other_methods_are_a_405_that_names_those_allowed)
{
    const exporter served{numbers, "127.0.0.1", 0, false};
    auto client = raw_client::to_ip4(served.port());
    client.send("DELETE /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const std::string answer = client.answer();
    EXPECT_TRUE(begins_with(answer, "HTTP/1.1 405 Method Not Allowed\r\n")) << answer;
    EXPECT_TRUE(contains(answer, "\r\nAllow: GET, HEAD\r\n")) << answer;
}

TEST_F(exporter_test, an_upload_is_refused_without_resetting_the_client_that_still_sends)
{
    const exporter served{numbers, "127.0.0.1", 0, false};
    auto client = raw_client::to_ip4(served.port());
    client.send("POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30000\r\n\r\n");
    const std::string answer = client.answer();
    EXPECT_TRUE(begins_with(answer, "HTTP/1.1 405 Method Not Allowed\r\n")) << answer;
    EXPECT_TRUE(contains(answer, "\r\nConnection: close\r\n")) << answer;
    ASSERT_TRUE(client.hears_something_within(10'000)) << "the end of what the server says";
    for (int i = 0; i < 1000; ++i) // many small pieces, so that an early close is noticed
        ASSERT_NO_THROW(client.send(std::string(30, 'x')));
    EXPECT_EQ(client.rest(), "");
    EXPECT_FALSE(client.was_reset());
}

TEST_F(exporter_test, a_connection_serves_many_requests_also_pipelined_ones)
{
    const exporter served{numbers, "127.0.0.1", 0, false};
    auto client = raw_client::to_ip4(served.port());
    const std::string request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    client.send(request + request + request.substr(0, 20));
    EXPECT_EQ(body_of(client.answer()), "ok\n");
    EXPECT_EQ(body_of(client.answer()), "ok\n");
    client.send(request.substr(20));
    EXPECT_EQ(body_of(client.answer()), "ok\n");
}

TEST_F(exporter_test, a_client_that_asks_for_it_gets_the_end_of_the_connection)
{
    const exporter served{numbers, "127.0.0.1", 0, false};
    auto client = raw_client::to_ip4(served.port());
    client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(body_of(client.rest()), "ok\n");
    EXPECT_FALSE(client.was_reset());

    auto old = raw_client::to_ip4(served.port());
    old.send("GET /healthz HTTP/1.0\r\n\r\n");
    const std::string answer = old.rest();
    EXPECT_TRUE(begins_with(answer, "HTTP/1.0 200 OK\r\n")) << answer;
    EXPECT_EQ(body_of(answer), "ok\n");
}

TEST_F(exporter_test, a_header_of_more_than_8_kib_is_refused)
{
    const exporter served{numbers, "127.0.0.1", 0, false};
    auto client = raw_client::to_ip4(served.port());
    client.send("GET /healthz HTTP/1.1\r\nX: " + std::string(7000, 'x') + "\r\n\r\n");
    EXPECT_EQ(body_of(client.answer()), "ok\n");
    client.send("GET /healthz HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n");
    EXPECT_TRUE(begins_with(client.rest(), "HTTP/1.1 431 "));
    EXPECT_FALSE(client.was_reset());

    auto endless = raw_client::to_ip4(served.port());
    endless.send(std::string(20'000, 'x'));
    EXPECT_TRUE(begins_with(endless.rest(), "HTTP/1.1 4"));
}

TEST_F(exporter_test, only_probes_are_answered_under_a_foreign_name)
{
    exporter served{numbers, "127.0.0.1", 0, false};
    auto client = raw_client::to_ip4(served.port());
    const auto status = [&](const std::string& target, const std::string& host) {
        client.send("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
        return client.answer().substr(9, 3);
    };
    for (const char* const target : {"/", "/status.json", "/metrics", "/nothing"}) {
        EXPECT_EQ("421", status(target, "evil.example:9464")) << target;
        EXPECT_NE("421", status(target, "localhost:9464")) << target;
    }
    EXPECT_EQ("200", status("/healthz", "evil.example:9464"));
    EXPECT_EQ("503", status("/readyz", "evil.example:9464"));

    served.protect({.certificate_pem = {}, .key_pem = {}, .users = {}, .hosts = {"ferrule"}});
    EXPECT_EQ("200", status("/metrics", "ferrule:9464"));
    EXPECT_EQ("421", status("/metrics", "evil.example:9464"));
}

TEST_F(exporter_test, an_address_for_others_is_asked_under_any_name_until_some_are_configured)
{
    exporter served{numbers, "0.0.0.0", 0, false};
    auto client = raw_client::to_ip4(served.port());
    const auto status = [&](const std::string& host) {
        client.send("GET /metrics HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
        return client.answer().substr(9, 3);
    };
    EXPECT_EQ("200", status("ferrule.example:9464"));
    served.protect({.certificate_pem = {}, .key_pem = {}, .users = {}, .hosts = {"ferrule"}});
    EXPECT_EQ("421", status("ferrule.example:9464"));
    EXPECT_EQ("200", status("ferrule:9464"));
}

TEST_F(exporter_test, what_is_not_http_is_refused)
{
    const exporter served{numbers, "127.0.0.1", 0, false};
    for (const std::string& said :
         {std::string("\x16\x03\x01\x02\x00\x01\r\n\r\n", 10), std::string("GET /healthz\r\n\r\n"),
          std::string("\r\n\r\n\r\n"), std::string("GET / HTTP/1.1\r\nbad header\r\n\r\n")}) {
        auto client = raw_client::to_ip4(served.port());
        client.send(said);
        EXPECT_TRUE(begins_with(client.rest(), "HTTP/1.1 400 Bad Request\r\n")) << said;
    }
}

} // namespace
} // namespace ferrule::exporter
