#include "worker/session_list.hpp"

#include <algorithm>
#include <array>

namespace ferrule::worker {

namespace {

using record::state;

constexpr std::array all_states{state::handshaking, state::connecting, state::relaying,
                                state::half_closed, state::closing};

/// "192.0.2.1" fits "192.0.2.1:50000" as well.
bool is_address_of(std::string_view wanted, std::string_view client)
{
    return client == wanted || client.substr(0, client.rfind(':')) == wanted;
}

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

bool session_filter::fits(const session::session& each) const
{
    if (!ids.empty() && std::find(ids.begin(), ids.end(), each.id()) == ids.end())
        return false;
    if (!listener.empty() && listener != each.listener())
        return false;
    if (!backend.empty() && backend != each.backend())
        return false;
    if (state.has_value() && *state != each.how_far())
        return false;
    return client.empty() || is_address_of(client, each.client().text());
}

} // namespace ferrule::worker
