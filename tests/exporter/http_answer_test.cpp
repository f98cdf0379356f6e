#include "exporter/http_answer.hpp"

#include <gtest/gtest.h>

namespace ferrule::exporter {
namespace {

TEST(http_answer, metrics_come_in_the_text_format)
{
    const metrics::registry numbers{1};
    const http_answer said = answer("GET", "/metrics", numbers);
    EXPECT_EQ(said.status, 200u);
    EXPECT_EQ(said.type, "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_NE(said.body.find("ferrule_build_info"), std::string::npos);
}

TEST(http_answer, health_is_that_the_process_answers)
{
    metrics::registry numbers{1};
    numbers.process().draining = true;
    EXPECT_EQ(answer("GET", "/healthz", numbers).status, 200u);
    EXPECT_EQ(answer("GET", "/healthz", numbers).body, "ok\n");
}

TEST(http_answer, a_worker_that_serves_nobody_is_no_health)
{
    metrics::registry numbers{1};
    EXPECT_EQ(answer("GET", "/healthz", numbers).status, 200u);
    numbers.process().stuck = true;
    EXPECT_EQ(answer("GET", "/healthz", numbers).status, 503u);
    EXPECT_EQ(answer("GET", "/healthz", numbers).body, "failing: a worker serves nobody\n");
}

TEST(http_answer, readiness_follows_the_life_of_the_process)
{
    metrics::registry numbers{1};
    EXPECT_EQ(answer("GET", "/readyz", numbers).status, 503u);
    EXPECT_EQ(answer("GET", "/readyz", numbers).body, "starting\n");
    numbers.process().ready = true;
    EXPECT_EQ(answer("GET", "/readyz", numbers).status, 200u);
    EXPECT_EQ(answer("GET", "/readyz", numbers).body, "ready\n");
    numbers.process().failing_listeners = 2;
    EXPECT_EQ(answer("GET", "/readyz", numbers).status, 503u);
    EXPECT_EQ(answer("GET", "/readyz", numbers).body, "failing: a listener cannot accept\n");
    numbers.process().failing_listeners = 0;
    EXPECT_EQ(answer("GET", "/readyz", numbers).status, 200u);
    numbers.process().draining = true;
    EXPECT_EQ(answer("GET", "/readyz", numbers).status, 503u);
    EXPECT_EQ(answer("GET", "/readyz", numbers).body, "draining\n");
}

std::string field(const http_answer& said, const std::string& name)
{
    for (const http_field& each : said.fields)
        if (each.name == name)
            return each.value;
    return {};
}

TEST(http_answer, the_status_comes_as_json_that_nobody_keeps)
{
    const metrics::registry numbers{1};
    const http_answer said = answer("GET", "/status.json", numbers);
    EXPECT_EQ(said.status, 200u);
    EXPECT_EQ(said.type, "application/json");
    EXPECT_EQ(field(said, "Cache-Control"), "no-store");
    EXPECT_EQ(field(said, "Cross-Origin-Resource-Policy"), "same-origin");
    EXPECT_EQ(field(said, "X-Content-Type-Options"), "nosniff");
}

TEST(http_answer, the_page_may_run_only_itself)
{
    const metrics::registry numbers{1};
    const http_answer said = answer("GET", "/", numbers);
    EXPECT_EQ(said.status, 200u);
    EXPECT_EQ(said.type, "text/html; charset=utf-8");
    EXPECT_EQ(said.body.rfind("<!doctype html>", 0), 0u);
    EXPECT_EQ(field(said, "Cache-Control"), "no-store");
    const std::string policy = field(said, "Content-Security-Policy");
    EXPECT_EQ(policy.rfind("default-src 'none'; ", 0), 0u) << policy;
    EXPECT_EQ(policy.find("unsafe"), std::string::npos) << policy;
    EXPECT_EQ(policy.find("http"), std::string::npos) << policy;
}

TEST(http_answer, the_page_names_nothing_from_elsewhere)
{
    const metrics::registry numbers{1};
    const std::string page = answer("GET", "/", numbers).body;
    for (const char* word : {"http:", "https:", "//cdn", "@import", "url(", "innerHTML",
                             "outerHTML", "insertAdjacentHTML", "document.write", "eval("})
        EXPECT_EQ(page.find(word), std::string::npos) << word;
}

TEST(http_answer, what_follows_a_question_mark_does_not_matter)
{
    const metrics::registry numbers{1};
    EXPECT_EQ(answer("GET", "/healthz?probe=1", numbers).body, "ok\n");
}

TEST(http_answer, other_paths_do_not_exist)
{
    const metrics::registry numbers{1};
    for (const char* target :
         {"", "/metrics/", "/status", "//", "/Metrics", "metrics", "*", "/healthz/x"})
        EXPECT_EQ(answer("GET", target, numbers).status, 404u) << target;
}

TEST(http_answer, other_methods_are_refused_with_those_that_are_not)
{
    const metrics::registry numbers{1};
    for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get", "BREW"}) {
        const http_answer said = answer(method, "/metrics", numbers);
        EXPECT_EQ(said.status, 405u) << method;
        ASSERT_EQ(said.fields.size(), 1u) << method;
        EXPECT_EQ(said.fields[0].name + ": " + said.fields[0].value, "Allow: GET, HEAD");
    }
}

} // namespace
} // namespace ferrule::exporter
