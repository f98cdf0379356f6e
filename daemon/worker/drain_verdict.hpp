// What the end of a session while the process drains means for its exit code.
#pragma once

#include "record/ended_session.hpp"

namespace ferrule::worker {

/// True if the drain has not cut the session, and no byte of it is lost or unconfirmed: with only
/// such sessions the process ends with 0. What a peer does by itself is not the drain's fault: a
/// client that breaks off or probes, a server that cannot be reached. Pure.
bool is_well_in_drain(const record::ended_session& ended) noexcept;

} // namespace ferrule::worker
