// Boost.JSON, for what Ferrule tells programs: /status.json, the control socket, `--json`.
//
// The library's functions are compiled once, in json.cpp. What uses it includes this file, so
// that the settings below are the same everywhere.
#pragma once

#include <boost/json.hpp>

#include <string_view>

namespace ferrule::base {

/// Text from outside: what is not UTF-8 in it is U+FFFD. What is empty is not there: null.
boost::json::value text_or_null(std::string_view text);

} // namespace ferrule::base
