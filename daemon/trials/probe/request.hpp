// What the command line says of a probe, and its texts read.
#pragma once

#include "base/time.hpp"
#include "trials/probe/facts.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ferrule::probe {

/// A host name or a literal address (without brackets), and a port.
struct target {
    std::string host;
    std::string port;
};

struct request {
    target where;
    std::string text;        ///< to send; empty: nothing
    std::string server_name; ///< SNI; empty: none
    std::vector<std::string> alpn;
    std::vector<tls_version> versions{tls_version::tls12, tls_version::tls13};
    base::milliseconds timeout{5000}; ///< how long silence is waited for
    std::size_t connections = 0;      ///< 0: each question once of each version
};

/// Reads "HOST:PORT" or "[ADDRESS]:PORT". Throws std::invalid_argument with a sentence.
target read_target(std::string_view text);

/// The SNI that goes with a host: itself, or empty for a literal address (RFC 6066, section 3).
std::string server_name_of(const std::string& host);

/// Reads \r \n \t \\ and \xNN; any other backslash throws std::invalid_argument with its place.
std::string unescape(std::string_view text);

/// "h2,http/1.1" → its names. Throws std::invalid_argument for one without 1 to 255 bytes.
std::vector<std::string> read_protocols(std::string_view text);

struct step {
    question asked = question::goodbye;
    tls_version version = tls_version::tls13;

    friend bool operator==(const step&, const step&) = default;
};

/// What is asked in which order: question by question, of each version, for as many connections as
/// there may be; more than one round asks again. Questions that need a text are left out if there
/// is none.
std::vector<step> plan(const request& asked);

} // namespace ferrule::probe
