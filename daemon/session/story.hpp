// What has happened in a session, as far as its record tells it. A plain value; the journal keeps
// it.
#pragma once

#include "base/short_text.hpp"
#include "base/time.hpp"
#include "ending/facts.hpp"
#include "net/listening_socket.hpp"
#include "record/ended_session.hpp"
#include "record/snapshot.hpp"
#include "session/peer.hpp"
#include "session/surroundings.hpp"

#include <array>
#include <cstdint>
#include <string>

namespace ferrule::session {

struct story {
    std::uint64_t id = 0;
    net::client_address client;
    std::string server; ///< empty: no connection to a backend

    // Times of the worker's clock; its beginning is "not yet".
    base::time_point accepted{};
    base::time_point handshake_done{};
    base::time_point connected{};
    base::time_point first_end{};
    base::microseconds half_closed_for{0};

    std::array<std::uint64_t, 2> bytes{};       ///< [direction]
    std::array<std::uint64_t, 2> lost{};        ///< [direction]
    std::array<std::uint64_t, 2> unconfirmed{}; ///< [direction]
    bool is_goodbye_unconfirmed = false;

    base::short_text<96> detail; ///< of the first cause
};

/// `from` to `to`; 0 if `from` is not yet, or later.
base::microseconds microseconds_between(base::time_point from, base::time_point to) noexcept;

/// The record, as far as it has come. `known` and `client` are the same session's.
record::ended_session tell(const story& of, const profile& settings, const route& route,
                           const ending::facts& known, const peer& client,
                           base::time_point now) noexcept;

/// The same for a session that goes on. `last_moved` is the time of its last byte.
record::snapshot look(const story& of, const profile& settings, const route& route,
                      const ending::facts& known, const peer& client, base::time_point last_moved,
                      base::time_point now);

/// How far a session is, in an operator's words.
record::state how_far(const ending::facts& known) noexcept;

} // namespace ferrule::session
