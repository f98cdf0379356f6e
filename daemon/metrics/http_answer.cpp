#include "metrics/http_answer.hpp"

namespace ferrule::metrics {

namespace {

http_answer readiness(const process_state& state)
{
    if (state.draining)
        return {503, "draining\n"};
    if (!state.ready)
        return {503, "starting\n"};
    return {200, "ready\n"};
}

} // namespace

http_answer answer(std::string_view method, std::string_view target, const registry& numbers)
{
    if (method != "GET" && method != "HEAD") {
        http_answer refusal{405, "only GET and HEAD\n"};
        refusal.names_methods = true;
        return refusal;
    }
    const auto path = target.substr(0, target.find('?'));
    if (path == "/metrics")
        return {200, numbers.text(), "text/plain; version=0.0.4; charset=utf-8"};
    if (path == "/healthz")
        return {200, "ok\n"};
    if (path == "/readyz")
        return readiness(numbers.process());
    return {404, "try /metrics, /healthz or /readyz\n"};
}

} // namespace ferrule::metrics
