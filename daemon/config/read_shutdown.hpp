// The `timeouts` and `shutdown` blocks: each may stand in several places, and the nearest one wins,
// option by option.
#pragma once

#include "config/settings.hpp"
#include "yaml/block.hpp"

#include <optional>
#include <string>

namespace ferrule::config {

/// An option as one block writes it.
template <class T>
struct written {
    bool is_there = false;
    std::optional<T> value; ///< nullopt if it is not there, or wrong
    yaml::place at;
    std::string path;
};

struct timeouts_block {
    written<milliseconds> handshake;
    written<milliseconds> connect;
    written<milliseconds> idle;
    written<milliseconds> lifetime;
};

struct shutdown_block {
    written<ending::mode> mode;
    written<milliseconds> timeout;
    written<ending::half_close> half_close;
    written<milliseconds> half_close_timeout;
    written<milliseconds> stall_timeout;
    written<milliseconds> linger;
    written<std::uint64_t> linger_bytes;
    written<milliseconds> deadline;
    written<ending::client_policy> on_client_truncation;
    written<ending::client_policy> on_client_reset;
    written<ending::backend_policy> on_backend_reset;
    written<ending::proxy_policy> on_proxy_end;
    written<milliseconds> quiet;
};

/// The block under `parent`'s key of that name; empty if there is none.
timeouts_block read_timeouts(const yaml::block& parent, yaml::report& out);
shutdown_block read_shutdown(const yaml::block& parent, yaml::report& out);

timeout_settings resolve(const timeouts_block& listener, const timeouts_block& top_level);

/// Reports each option that is written and above the deadline that holds for the listener; one that
/// is not written follows a lower deadline.
shutdown_settings resolve(const shutdown_block& listener, const shutdown_block& backend,
                          const shutdown_block& top_level, yaml::report& out);

} // namespace ferrule::config
