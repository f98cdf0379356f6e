// The part of the `shutdown` block that decides what is said (the durations decide when).
#pragma once

#include "ending/vocabulary.hpp"

#include <cstdint>

namespace ferrule::ending {

/// docs/endings.md, "The shutdown block". Plain values; copied into each session.
struct rules {
    ending::mode mode = mode::wait;
    ending::half_close half_close = half_close::carry;
    client_policy on_client_truncation = client_policy::reset;
    client_policy on_client_reset = client_policy::reset;
    backend_policy on_backend_reset = backend_policy::reset;
    proxy_policy on_proxy_end = proxy_policy::ask;

    friend bool operator==(const rules&, const rules&) = default;
};

} // namespace ferrule::ending
