// What the two peers of a session saw, and what Ferrule said of it: facts of `ferrule selftest`.
#pragma once

#include "ending/vocabulary.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ferrule::selftest {

/// How a connection ended, as its peer's kernel told it.
enum class seen_end : std::uint8_t {
    nothing,      ///< no end came while anybody looked
    fin,          ///< an end of file, and nothing behind it
    reset,        ///< ECONNRESET
    fin_then_rst, ///< an end of file, and later a reset
    not_looked,   ///< this side had left by itself
    unconnected,  ///< there was no connection
};

/// One side's view.
struct sighting {
    std::uint64_t bytes = 0;   ///< plaintext that arrived
    bool close_notify = false; ///< client only
    bool alert = false;        ///< client only: a fatal alert
    seen_end end = seen_end::nothing;

    friend bool operator==(const sighting&, const sighting&) = default;
};

/// A session's outcome in the log's words.
struct told_ending {
    ending::cause cause = ending::cause::none;
    ending::cause second = ending::cause::none;
    ending::act client_act = ending::act::none;
    ending::act backend_act = ending::act::none;
    ending::outcome outcome = ending::outcome::none;

    friend bool operator==(const told_ending&, const told_ending&) = default;
};

/// One row as it happened.
struct observation {
    sighting client;
    sighting backend;
    told_ending told;
    std::string trouble; ///< the script could not be played to its end; empty: it was
};

std::string_view to_text(seen_end value);

/// "20000 bytes, close_notify, FIN", for a table.
std::string to_text(const sighting& seen);

} // namespace ferrule::selftest
