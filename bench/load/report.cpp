#include "report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace load {
namespace {

double quantile(const std::vector<float>& sorted, double which)
{
    const auto at = static_cast<std::size_t>(which * static_cast<double>(sorted.size()));
    return static_cast<double>(sorted[std::min(at, sorted.size() - 1)]);
}

unsigned long long whole(std::uint64_t number)
{
    return number;
}

} // namespace

void print(const options& chosen, report found)
{
    // Microseconds for what is small, seconds for a GiB.
    const double scale = found.unit == "GiB" ? 1 : 1e6;
    std::printf("{\"command\": \"%s\", \"tls\": \"%s\", \"unit\": \"%s\", \"units\": %.6g, "
                "\"cpu_seconds\": %.6f, \"cost\": %.6g, \"cost_in\": \"%s\", ",
                chosen.command.c_str(), chosen.tls.c_str(), found.unit.c_str(), found.units,
                found.cpu_seconds, found.units > 0 ? found.cpu_seconds / found.units * scale : 0.0,
                found.unit == "GiB" ? "s" : "us");
    std::printf("\"wall_seconds\": %.6f, \"generator_cpu_seconds\": %.6f, "
                "\"machine_cpu_seconds\": %.2f, \"stolen_seconds\": %.2f, ",
                found.wall_seconds, found.own_cpu_seconds, found.machine_seconds,
                found.stolen_seconds);
    std::printf("\"ends\": {\"clean\": %llu, \"bare\": %llu, \"reset\": %llu, \"bad\": %llu, "
                "\"unfinished\": %llu}, \"backend_ends\": {\"fin\": %llu, \"reset\": %llu}, ",
                whole(found.ends.clean), whole(found.ends.bare), whole(found.ends.reset),
                whole(found.ends.bad), whole(found.unfinished), whole(found.backend_ended),
                whole(found.backend_reset));
    if (chosen.command == "handshake")
        std::printf("\"resumed\": %llu, ", whole(found.resumed));
    if (chosen.command == "mix")
        std::printf("\"messages\": %llu, ", whole(found.messages));
    if (chosen.command == "idle")
        std::printf("\"pss_kib\": %.4f, \"idle_cpu_share\": %.5f, ", found.pss_kib_for_each,
                    found.idle_cpu_share);
    if (!found.latencies.empty()) {
        std::sort(found.latencies.begin(), found.latencies.end());
        std::printf("\"latency_us\": {\"p50\": %.1f, \"p99\": %.1f, \"p99.9\": %.1f}, ",
                    quantile(found.latencies, 0.5), quantile(found.latencies, 0.99),
                    quantile(found.latencies, 0.999));
    }
    std::printf("\"bytes_right\": %s, \"complete\": %s}\n",
                found.are_bytes_right ? "true" : "false", found.is_complete ? "true" : "false");
}

} // namespace load
