#include "worker/session_list.hpp"

#include <algorithm>

namespace ferrule::worker {

namespace {

/// "192.0.2.1" fits "192.0.2.1:50000" as well.
bool is_address_of(std::string_view wanted, std::string_view client)
{
    return client == wanted || client.substr(0, client.rfind(':')) == wanted;
}

} // namespace

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
