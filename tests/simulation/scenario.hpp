// What will be tried in one session: configuration, network, and what each side means to do when.
// Everything follows from a seed.
#pragma once

#include "config/settings.hpp"
#include "simulation/kernel.hpp"

#include <string_view>
#include <vector>

namespace ferrule::simulation {

enum class act : std::uint8_t {
    sends,
    goodbye,
    fin,
    resets,
    closes,
    spoils,
    half_record,
    half_message,
    breaks_off,
    updates_key,
    stops_reading,
    gulps,
    reads_on,
    vanishes,
    // the operator's
    kills,
    drains,
    ends_at_once,
    stands_still,
    dies,
};
std::string_view to_text(act value);

struct planned {
    base::microseconds gap{0}; ///< after the one before
    act what = act::sends;
    std::size_t amount = 0; ///< bytes; for `drains` milliseconds until the cut
};

struct scenario {
    config::timeout_settings timeouts;
    config::shutdown_settings shutdown;
    kernel::network network;
    int version = 0;
    bool resumes = true;
    bool says_garbage = false;
    bool never_begins = false;
    std::size_t greeting = 0;
    bool leaves_at_once = false;
    std::size_t client_window = 0;
    std::size_t backend_window = 0;
    std::size_t proxy_window = 0;
    std::size_t send_limit = 0;
    std::vector<server_manner> servers;
    base::milliseconds connect_delay{0};
    std::vector<planned> early;   ///< the client, from the beginning
    std::vector<planned> client;  ///< from the end of the handshake
    std::vector<planned> backend; ///< from its connection, or from the first byte
    bool backend_waits_for_bytes = false;
    std::vector<planned> operation; ///< the operator, from the beginning
};

scenario make_scenario(dice& chance);

} // namespace ferrule::simulation
