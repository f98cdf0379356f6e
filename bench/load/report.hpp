#pragma once

#include "clients.hpp"
#include "options.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace load {

/// What one run found.
struct report {
    std::string unit; ///< session, GiB, message, close
    double units = 0;
    double cpu_seconds = 0;     ///< of the watched processes, from mark to mark
    double own_cpu_seconds = 0; ///< of the generator with its backend
    double wall_seconds = 0;
    double machine_seconds = 0; ///< CPU time of all processes in that time
    double stolen_seconds = 0;  ///< what the hypervisor gave to others in that time
    endings ends{};
    std::uint64_t unfinished = 0; ///< sessions that the proxy never ended
    std::uint64_t backend_ended = 0;
    std::uint64_t backend_reset = 0;
    std::uint64_t resumed = 0;
    std::uint64_t messages = 0; ///< mix: beside the downloads
    double pss_kib_for_each = 0;
    double idle_cpu_share = 0;
    bool are_bytes_right = true;    ///< as many came out as went in
    bool is_complete = true;        ///< every phase came to its end
    std::vector<float> latencies{}; ///< microseconds
};

/// One line of JSON.
void print(const options& chosen, report found);

} // namespace load
