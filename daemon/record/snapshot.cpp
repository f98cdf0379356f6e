#include "record/snapshot.hpp"

#include <algorithm>
#include <array>

namespace ferrule::record {

namespace {

constexpr std::array all_states{state::handshaking, state::connecting, state::relaying,
                                state::half_closed, state::closing};

} // namespace

std::string_view to_text(state value)
{
    switch (value) {
    case state::handshaking: return "handshaking";
    case state::connecting: return "connecting";
    case state::relaying: return "relaying";
    case state::half_closed: return "half_closed";
    case state::closing: return "closing";
    }
    return "?";
}

std::optional<state> state_of(std::string_view word)
{
    const auto found = std::find_if(all_states.begin(), all_states.end(),
                                    [&](state each) { return to_text(each) == word; });
    return found == all_states.end() ? std::nullopt : std::optional(*found);
}

} // namespace ferrule::record
