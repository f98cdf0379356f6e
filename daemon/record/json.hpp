// A session for programs: the status page's `recent_endings` and the control socket's `sessions`.
//
// The names are those of the log's line (docs/metrics.md, "Sessions"), but durations are in
// seconds, as in metrics. What there is not is null. What a peer has chosen may be any bytes: what
// is not UTF-8 in them is U+FFFD.
#pragma once

#include "base/json.hpp"
#include "record/ended_session.hpp"
#include "record/snapshot.hpp"

namespace ferrule::record {

/// The cause's word; null for none.
boost::json::value cause_or_null(ending::cause cause);

/// Allocates; not for workers' sessions.
boost::json::object to_json(const ended_session& told);

/// The same of one that goes on, with its `state` and `silent_seconds`. Its `total_seconds` is its
/// age so far; there is no `ended_at_seconds`, and no cause before something has ended.
boost::json::object to_json(const snapshot& seen);

} // namespace ferrule::record
