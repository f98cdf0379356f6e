// `ferrule selftest endings`: does this build, with this configuration, end connections as
// docs/endings.md and the configuration say?
#pragma once

#include "trials/selftest/expectation.hpp"

#include <string>
#include <vector>

namespace ferrule::selftest {

struct selftest_row {
    trial what = trial::client_first;
    int tls_version = 0x0304; ///< wire version
    observation seen;
    std::vector<expectation> wanted;
    std::vector<std::string> choices;     ///< options that make it go otherwise than by default
    std::vector<std::string> wrong;       ///< empty: as it has to be
    std::string_view bound_key;           ///< "timeouts.idle"; empty: it waits for nothing
    base::milliseconds bound = base::off; ///< as configured
    base::milliseconds played_bound = base::off;
};

struct selftest_listener {
    std::string name;
    std::string backend;
    bool has_unix_server = false; ///< a Unix socket has no RST (docs/endings.md, decision 9)
    std::vector<selftest_row> rows;
};

struct selftest_report {
    std::string file; ///< empty: the built-in configuration
    std::vector<selftest_listener> listeners;

    bool is_good() const;
};

/// One listener with everything by default, and a certificate made on the spot, in memory.
/// Throws std::runtime_error.
config::settings selftest_settings();

/// Plays every row of every listener, several at a time. Opens ports of 127.0.0.1 only, chosen by
/// the kernel, and connects to nothing else. Blocks for some seconds: the more listeners, the more.
selftest_report run_selftest(const config::settings& settings);

/// A table for each listener, and a verdict; ends with a line feed.
std::string to_text(const selftest_report& report);

/// The same as one JSON object and a line feed.
std::string to_json(const selftest_report& report);

} // namespace ferrule::selftest
