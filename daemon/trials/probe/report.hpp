// What was found, for people and for programs. Pure.
#pragma once

#include "trials/probe/facts.hpp"
#include "trials/probe/request.hpp"
#include "trials/probe/verdict.hpp"

#include <string>
#include <vector>

namespace ferrule::probe {

struct findings {
    std::string target;  ///< "localhost:443"
    std::string address; ///< "127.0.0.1:443"; empty: no address was found
    std::string error;   ///< why nothing could be asked; empty if something was
    std::vector<observed> seen;
    std::vector<verdict> verdicts; ///< of the same length
    overall sum = overall::unknown;
};

/// The verdicts and the sum for all that was seen.
findings find(std::string target, std::string address, std::vector<observed> seen);

/// Several lines; docs/probe.md shows some.
std::string in_words(const findings& found, const request& asked);

/// One JSON object and a newline; docs/probe.md has its members.
std::string as_json(const findings& found, const request& asked);

} // namespace ferrule::probe
