// The `timeouts` and `shutdown` blocks: each may stand in several places, and the nearest one wins,
// option by option.
#pragma once

#include "config/read_rows.hpp"
#include "config/settings.hpp"
#include "config/table.hpp"
#include "yaml/block.hpp"

namespace ferrule::config {

using timeouts_block = block_of<timeout_settings, decltype(timeouts_rows)>;
using shutdown_block = block_of<shutdown_settings, decltype(shutdown_rows)>;

/// The block under `parent`'s key of that name; empty if there is none.
timeouts_block read_timeouts(const yaml::block& parent, yaml::report& out);
shutdown_block read_shutdown(const yaml::block& parent, yaml::report& out);

timeout_settings resolve(const timeouts_block& listener, const timeouts_block& top_level);

/// Reports each option that is written and above the deadline that holds for the listener; one that
/// is not written follows a lower deadline.
shutdown_settings resolve(const shutdown_block& listener, const shutdown_block& backend,
                          const shutdown_block& top_level, yaml::report& out);

} // namespace ferrule::config
