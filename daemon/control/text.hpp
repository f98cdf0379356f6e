// What the control socket answers, as JSON. Names are those of the log and the metrics.
#pragma once

#include "base/json.hpp"
#include "config/settings.hpp"
#include "metrics/registry.hpp"
#include "worker/session_list.hpp"

#include <optional>
#include <string>
#include <variant>

namespace ferrule::control {

/// "3 sessions open (1 half-closed, 1 closing)", for systemd's STATUS=.
std::string sessions_in_words(const metrics::session_totals& total);

/// The sum over all listeners.
metrics::session_totals sum_of(const std::vector<metrics::session_totals>& all);

/// "starting", "ready", "failing" (a listener cannot accept) or "draining".
std::string_view process_word(const metrics::process_state& state);

boost::json::object status_json(const config::settings& settings, const metrics::registry& numbers,
                                std::optional<base::milliseconds> cut_in);

/// The filter of a request: "ids", "listener", "backend", "client", "state". A string says what is
/// wrong with it: an unknown field, a wrong type, an unknown state.
std::variant<worker::session_filter, std::string> read_filter(const boost::json::object& request);

/// "limit" of a request, 1 to 100000; nullopt if it is no such number.
std::optional<std::size_t> read_limit(const boost::json::object& request);

} // namespace ferrule::control
