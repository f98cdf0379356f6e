// What the exporter says to a request; how it gets there is in exporter.cpp.
#pragma once

#include "metrics/registry.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ferrule::metrics {

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
http_answer answer(std::string_view method, std::string_view target, const registry& numbers);

} // namespace ferrule::metrics
