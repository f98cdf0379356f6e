#include "exporter/http_answer.hpp"

#include "exporter/status_page.hpp"

namespace ferrule::exporter {

namespace {

constexpr const char* plain = "text/plain; charset=utf-8";

/// What changes all the time and names clients is kept by nobody, and stays with this origin.
std::vector<http_field> status_fields()
{
    return {{"Cache-Control", "no-store"},
            {"Cross-Origin-Resource-Policy", "same-origin"},
            {"X-Content-Type-Options", "nosniff"}};
}

std::vector<http_field> page_fields()
{
    std::vector<http_field> fields = status_fields();
    fields.push_back({"Content-Security-Policy", status_page_policy()});
    fields.push_back({"Referrer-Policy", "no-referrer"});
    return fields;
}

http_answer readiness(const metrics::process_state& state)
{
    if (state.draining)
        return {503, "draining\n"};
    if (!state.ready)
        return {503, "starting\n"};
    if (!metrics::is_ready(state))
        return {503, "failing: a listener cannot accept\n"};
    return {200, "ready\n"};
}

} // namespace

http_answer answer(std::string_view method, std::string_view target,
                   const metrics::registry& numbers)
{
    if (method != "GET" && method != "HEAD")
        return {405, "only GET and HEAD\n", plain, {{"Allow", "GET, HEAD"}}};
    const auto path = target.substr(0, target.find('?'));
    if (path == "/metrics")
        return {200, numbers.text(), "text/plain; version=0.0.4; charset=utf-8"};
    if (path == "/healthz" && numbers.process().stuck)
        return {503, "failing: a worker serves nobody\n"};
    if (path == "/healthz")
        return {200, "ok\n"};
    if (path == "/readyz")
        return readiness(numbers.process());
    if (path == "/")
        return {200, std::string(status_page()), "text/html; charset=utf-8", page_fields()};
    if (path == "/status.json")
        return {200, numbers.status(), "application/json", status_fields()};
    return {404, "try /, /status.json, /metrics, /healthz or /readyz\n"};
}

http_answer unauthorized()
{
    return {401,
            "a user and a password are needed\n",
            plain,
            {{"WWW-Authenticate", "Basic realm=\"Ferrule\", charset=\"UTF-8\""}}};
}

http_answer misdirected()
{
    return {421, "this name is not served here: ask for an IP address, localhost, or a name in "
                 "metrics.hosts\n"};
}

http_answer crowded()
{
    return {503, "too many connections\n", plain, {{"Retry-After", "1"}}};
}

http_answer too_many_passwords()
{
    return {429, "too many passwords wait to be checked\n", plain, {{"Retry-After", "1"}}};
}

} // namespace ferrule::exporter
