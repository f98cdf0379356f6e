#include "control/text.hpp"

#include "base/utf8.hpp"
#include "base/version.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace ferrule::control {

namespace json = boost::json;

namespace {

constexpr std::size_t default_limit = 100;
constexpr std::size_t highest_limit = 100'000;

/// What a peer sends need not be UTF-8.
json::string text(std::string_view value)
{
    return json::string{base::valid_utf8(value)};
}

json::object totals_json(const metrics::session_totals& of)
{
    return {{"open", of.open},
            {"half_closed", of.half_closed},
            {"closing", of.closing},
            {"started", of.started}};
}

json::array addresses_of(const config::settings& settings, const std::string& listener)
{
    json::array all;
    for (const config::listener_settings& each : settings.listeners) {
        if (each.name != listener)
            continue;
        for (const config::endpoint& where : each.addresses)
            all.emplace_back(where.text());
    }
    return all;
}

} // namespace

std::string sessions_in_words(const metrics::session_totals& total)
{
    return std::to_string(total.open) + (total.open == 1 ? " session" : " sessions") + " open (" +
           std::to_string(total.half_closed) + " half-closed, " +
           std::to_string(total.closing - std::min(total.closing, total.half_closed)) + " closing)";
}

metrics::session_totals sum_of(const std::vector<metrics::session_totals>& all)
{
    metrics::session_totals sum;
    for (const metrics::session_totals& each : all)
        sum += each;
    return sum;
}

std::string_view process_word(const metrics::process_state& state)
{
    if (state.draining.load())
        return "draining";
    if (!state.ready.load())
        return "starting";
    return metrics::is_ready(state) ? "ready" : "failing";
}

json::object status_json(const config::settings& settings, const metrics::registry& numbers,
                         std::optional<base::milliseconds> cut_in)
{
    const metrics::process_state& state = numbers.process();
    const std::vector<metrics::session_totals> totals = numbers.totals();
    json::array listeners;
    for (const metrics::session_totals& each : totals) {
        json::object listener{{"name", each.listener},
                              {"addresses", addresses_of(settings, each.listener)},
                              {"sessions", totals_json(each)}};
        listeners.push_back(std::move(listener));
    }
    json::object status{
        {"ok", true},
        {"version", base::version},
        {"revision", base::revision},
        {"pid", static_cast<std::int64_t>(getpid())},
        {"state", process_word(state)},
        {"configuration", text(settings.file)},
        {"log_level", config::to_text(settings.log.level)},
        {"sessions", totals_json(sum_of(totals))},
        {"listeners", std::move(listeners)},
        {"reloads", {{"ok", state.reloads_ok.load()}, {"failed", state.reloads_failed.load()}}},
        {"last_reload_ok", state.last_reload_ok.load()},
        {"loaded_at_seconds", state.last_reload_seconds.load()},
    };
    if (cut_in.has_value())
        status["cut_in_seconds"] = std::max(0.0, base::in_seconds(*cut_in));
    return status;
}

std::variant<worker::session_filter, std::string> read_filter(const json::object& request)
{
    worker::session_filter filter;
    for (const auto& [key, value] : request) {
        const std::string name{key};
        if (name == "command" || name == "limit")
            continue;
        if (name == "ids") {
            if (!value.is_array())
                return "ids is no list";
            for (const json::value& each : value.get_array()) {
                boost::system::error_code error;
                filter.ids.push_back(each.to_number<std::uint64_t>(error));
                if (error)
                    return "an id is a number, as the log and `sessions` say it";
            }
            continue;
        }
        if (!value.is_string())
            return name + " is no text";
        const std::string said{value.get_string()};
        if (name == "listener")
            filter.listener = said;
        else if (name == "backend")
            filter.backend = said;
        else if (name == "client")
            filter.client = said;
        else if (name == "state" && record::state_of(said).has_value())
            filter.state = record::state_of(said);
        else if (name == "state")
            return "state is one of handshaking, connecting, relaying, half_closed, closing";
        else
            return "there is no filter " + name;
    }
    return filter;
}

std::optional<std::size_t> read_limit(const json::object& request)
{
    const json::value* const said = request.if_contains("limit");
    if (said == nullptr)
        return default_limit;
    boost::system::error_code error;
    const auto limit = said->to_number<std::size_t>(error);
    if (error || limit < 1 || limit > highest_limit)
        return std::nullopt;
    return limit;
}

} // namespace ferrule::control
