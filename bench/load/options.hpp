#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace load {

/// What the command line says; `load --help` has the words.
struct options {
    std::string command;
    std::uint16_t proxy = 0;
    std::uint16_t backend = 0;
    double seconds = 2;
    std::size_t sessions = 0; ///< 0: the workload's own number
    std::size_t bulk_sessions = 8;
    std::size_t size = 64;
    std::string tls = "1.3"; ///< or 1.2, off
    bool is_resuming = false;
    std::vector<pid_t> watched;
    std::string certificate;
    std::string key;
};

/// Ends the program with a message where an argument is wrong.
options parse(int count, char** arguments);

} // namespace load
