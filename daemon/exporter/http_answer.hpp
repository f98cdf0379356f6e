// What the exporter says to a request; how it gets there is in exporter_connection.cpp.
#pragma once

#include "metrics/registry.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ferrule::exporter {

struct http_field {
    std::string name;
    std::string value;
};

struct http_answer {
    unsigned status = 200; ///< RFC 9110 15
    std::string body;
    std::string type = "text/plain; charset=utf-8";
    std::vector<http_field> fields{}; ///< besides those that every answer has
};

/// The answer to `method` on `target` ("/metrics?x=1": what follows the '?' is ignored). The body
/// is the same for GET and HEAD; it is the caller who leaves it out.
http_answer answer(std::string_view method, std::string_view target,
                   const metrics::registry& numbers);

/// To a request without a good password: 401, with the field that makes a browser ask for one.
http_answer unauthorized();

/// To one that asks for a host that is not served here (RFC 9110 15.5.20): 421.
http_answer misdirected();

/// To one that is no probe, on a place that is kept for probes: 503.
http_answer crowded();

/// To one whose password was not checked, since so many were waiting for that: 429.
http_answer too_many_passwords();

} // namespace ferrule::exporter
