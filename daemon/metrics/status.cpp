#include "metrics/status.hpp"

#include "base/json.hpp"
#include "base/version.hpp"
#include "record/json.hpp"

#include <algorithm>
#include <string_view>

namespace ferrule::metrics {

namespace {

namespace json = boost::json;
using base::text_or_null;
using clock = std::chrono::system_clock;

constexpr auto to_backend = static_cast<std::size_t>(ending::direction::to_backend);
constexpr auto to_client = static_cast<std::size_t>(ending::direction::to_client);

/// The sum over workers of the number that `read` finds in a block.
template <typename Block, typename Read>
std::uint64_t sum(const std::vector<const Block*>& of_workers, Read read)
{
    std::uint64_t total = 0;
    for (const Block* block : of_workers)
        total += read(*block).get();
    return total;
}

json::string word(std::string_view text)
{
    return json::string(text.data(), text.size());
}

json::object by_direction(std::uint64_t backend, std::uint64_t client)
{
    return {{"to_backend", backend}, {"to_client", client}};
}

std::string_view state_of(const process_state& state)
{
    if (state.draining)
        return "draining";
    if (!state.ready)
        return "starting";
    return is_ready(state) ? "ready" : "failing";
}

json::object process_of(const process_state& state, clock::time_point started,
                        clock::time_point moment)
{
    return {{"state", word(state_of(state))},
            {"version", word(base::version)},
            {"revision", text_or_null(base::revision)},
            {"started_at_seconds", base::in_seconds(started.time_since_epoch())},
            {"uptime_seconds", std::max(0.0, base::in_seconds(moment - started))},
            {"last_reload",
             {{"good", state.last_reload_ok.load()},
              {"loaded_at_seconds", state.last_reload_seconds.load()},
              {"ok", state.reloads_ok.load()},
              {"failed", state.reloads_failed.load()}}}};
}

bool is_configured(const readings& now, const std::string& listener)
{
    return std::any_of(now.certificates.begin(), now.certificates.end(),
                       [&](const auto& each) { return each.listener == listener; });
}

json::object handshakes_of(const listener_readings& listener)
{
    const auto count = [&](handshake_result result) {
        return sum(
            listener.of_workers, [=](const auto& block) -> auto& {
                return block.handshakes[static_cast<std::size_t>(result)];
            });
    };
    return {{"ok", count(handshake_result::ok)},
            {"failed", count(handshake_result::failed)},
            {"timeout", count(handshake_result::timeout)},
            {"aborted", count(handshake_result::aborted)},
            {"ended", count(handshake_result::ended)}};
}

json::array listeners_of(const readings& now)
{
    json::array all;
    for (const listener_readings& each : now.listeners) {
        const auto count = [&](auto member) {
            return sum(
                each.of_workers, [=](const auto& block) -> auto& { return block.*member; });
        };
        const auto both_ways = [&](auto member) {
            const auto one = [&](std::size_t way) {
                return sum(
                    each.of_workers, [=](const auto& block) -> auto& {
                        return (block.*member)[way];
                    });
            };
            return by_direction(one(to_backend), one(to_client));
        };
        all.push_back(
            json::object{{"name", text_or_null(each.listener)},
                         {"configured", is_configured(now, each.listener)},
                         {"started", count(&listener_counters::sessions_started)},
                         {"open", count(&listener_counters::sessions_open)},
                         {"half_closed", count(&listener_counters::sessions_half_closed)},
                         {"closing", count(&listener_counters::sessions_closing)},
                         {"handshakes", handshakes_of(each)},
                         {"bytes", both_ways(&listener_counters::bytes)},
                         {"lost_bytes", both_ways(&listener_counters::lost_bytes)},
                         {"unconfirmed_bytes", both_ways(&listener_counters::unconfirmed_bytes)}});
    }
    return all;
}

json::array servers_of(const readings& now)
{
    json::array all;
    for (const server_readings& each : now.servers) {
        const auto count = [&](auto member) {
            return sum(
                each.of_workers, [=](const auto& block) -> auto& { return block.*member; });
        };
        all.push_back(json::object{{"backend", text_or_null(each.backend)},
                                   {"server", text_or_null(each.server)},
                                   {"connects",
                                    {{"ok", count(&server_counters::connects)},
                                     {"failed", count(&server_counters::connect_failures)}}}});
    }
    return all;
}

json::array certificates_of(const readings& now)
{
    json::array all;
    for (const auto& [listener, info] : now.certificates)
        all.push_back(json::object{{"listener", text_or_null(listener)},
                                   {"subject", text_or_null(info.subject)},
                                   {"serial", text_or_null(info.serial)},
                                   {"not_after_seconds", info.not_after_seconds}});
    return all;
}

/// How often each cause met each outcome, over all listeners; what never happened is left out.
json::array endings_of(const readings& now)
{
    json::array all;
    for (const auto cause : ending::all_causes)
        for (const auto outcome : ending::all_outcomes) {
            std::uint64_t sessions = 0;
            for (const listener_readings& each : now.listeners)
                sessions += sum(
                    each.of_workers, [=](const auto& block) -> auto& {
                        return block.sessions_ended[static_cast<std::size_t>(cause)]
                                                   [static_cast<std::size_t>(outcome)];
                    });
            if (sessions > 0)
                all.push_back(json::object{{"cause", word(ending::to_text(cause))},
                                           {"outcome", word(ending::to_text(outcome))},
                                           {"sessions", sessions}});
        }
    return all;
}

} // namespace

std::string status_json(const readings& now, const std::vector<record::ended_session>& newest_first,
                        clock::time_point started, clock::time_point moment)
{
    json::array recent;
    for (const record::ended_session& each : newest_first)
        recent.push_back(record::to_json(each));
    const json::object status{{"schema", 1},
                              {"time_seconds", base::in_seconds(moment.time_since_epoch())},
                              {"process", process_of(now.process, started, moment)},
                              {"listeners", listeners_of(now)},
                              {"servers", servers_of(now)},
                              {"certificates", certificates_of(now)},
                              {"endings", endings_of(now)},
                              {"recent_endings", std::move(recent)}};
    return json::serialize(status) + '\n';
}

} // namespace ferrule::metrics
