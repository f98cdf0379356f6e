// Boost.JSON, for what Ferrule tells programs: /status.json and the control socket.
//
// The library's functions are compiled once, in json.cpp. Whoever uses it includes this file, so
// that the settings below are the same everywhere.
#pragma once

#include <boost/json.hpp>
