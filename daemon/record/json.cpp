#include "record/json.hpp"

#include <string_view>

namespace ferrule::record {

namespace json = boost::json;
using base::in_seconds;
using base::text_or_null;

namespace {

constexpr auto to_backend = static_cast<std::size_t>(ending::direction::to_backend);
constexpr auto to_client = static_cast<std::size_t>(ending::direction::to_client);

/// All but when it ended. The order is that of the log's line.
void add_fields(json::object& to, const ended_session& told)
{
    const bool has_ended = told.cause != ending::cause::none;
    const auto of_an_end = [&](auto word) {
        return text_or_null(has_ended ? ending::to_text(word) : "");
    };
    const json::object fields{
        {"listener", text_or_null(told.listener.view())},
        {"client", text_or_null(told.client.view())},
        {"tls", text_or_null(told.tls_version.view())},
        {"cipher", text_or_null(told.cipher.view())},
        {"sni", text_or_null(told.sni.view())},
        {"alpn", text_or_null(told.alpn.view())},
        {"resumed", told.resumed},
        {"backend", text_or_null(told.backend.view())},
        {"server", text_or_null(told.server.view())},
        {"to_backend_bytes", told.bytes[to_backend]},
        {"to_client_bytes", told.bytes[to_client]},
        {"cause", cause_or_null(told.cause)},
        {"second", cause_or_null(told.second)},
        {"detail", text_or_null(told.detail.view())},
        {"client_act", of_an_end(told.client_act)},
        {"backend_act", of_an_end(told.backend_act)},
        {"outcome", of_an_end(told.outcome)},
        {"lost_to_backend_bytes", told.lost[to_backend]},
        {"lost_to_client_bytes", told.lost[to_client]},
        {"unconfirmed_to_backend_bytes", told.unconfirmed[to_backend]},
        {"unconfirmed_to_client_bytes", told.unconfirmed[to_client]},
        {"undecrypted_bytes", told.undecrypted},
        {"first_end", of_an_end(told.first_end)},
        {"handshake_seconds", in_seconds(told.handshake)},
        {"connect_seconds", in_seconds(told.connect)},
        {"half_closed_seconds", in_seconds(told.half_closed)},
        {"close_seconds", in_seconds(told.close)},
        {"total_seconds", in_seconds(told.total)},
    };
    to.insert(fields.begin(), fields.end());
}

} // namespace

json::value cause_or_null(ending::cause cause)
{
    return text_or_null(cause == ending::cause::none ? "" : ending::to_text(cause));
}

json::object to_json(const ended_session& told)
{
    json::object all{
        {"session", told.session_id},
        {"ended_at_seconds", in_seconds(base::microseconds{told.ended_at_microseconds})},
        {"abnormal", is_abnormal(told)}};
    add_fields(all, told);
    return all;
}

json::object to_json(const snapshot& seen)
{
    json::object all{{"session", seen.so_far.session_id},
                     {"state", to_text(seen.at)},
                     {"silent_seconds", in_seconds(seen.silent)}};
    add_fields(all, seen.so_far);
    return all;
}

} // namespace ferrule::record
