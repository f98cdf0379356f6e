// A session that goes on, as an operator sees it. A plain value.
#pragma once

#include "base/time.hpp"
#include "record/ended_session.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace ferrule::record {

/// How far a session is, in an operator's words.
enum class state : std::uint8_t {
    handshaking, ///< the client is connected, TLS is being agreed on
    connecting,  ///< to a server of the backend
    relaying,    ///< both sides are open
    half_closed, ///< one flow has ended, the other goes on
    closing,     ///< neither side has more to give, or the session is being cut
};

/// The word: handshaking, connecting, relaying, half_closed, closing.
std::string_view to_text(state value);
std::optional<state> state_of(std::string_view word);

struct snapshot {
    state at = state::handshaking;
    ended_session so_far; ///< what has no value yet is empty or 0; `total` is the session's age
    base::time_point accepted{};
    base::milliseconds silent{0}; ///< since the last byte in either direction
};

} // namespace ferrule::record
