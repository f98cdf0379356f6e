// What `ferrule selftest endings` prints.

#include "base/json.hpp"
#include "record/json.hpp"
#include "trials/selftest/selftest.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ferrule::selftest {

namespace json = boost::json;

namespace {

const char* version_text(int wire_version)
{
    return wire_version == 0x0303 ? "TLSv1.2" : "TLSv1.3";
}

std::string said(const told_ending& told)
{
    return fmt::format("{} / {} / {}", ending::to_text(told.cause), ending::to_text(told.second),
                       ending::to_text(told.outcome));
}

std::string joined(const std::vector<std::string>& parts)
{
    std::string text;
    for (const std::string& each : parts)
        text += (text.empty() ? "" : ", ") + each;
    return text;
}

/// "waits for shutdown.half_close_timeout: 2s instead of 60s, all durations divided alike"
std::string wait_text(const selftest_row& row)
{
    if (row.bound_key.empty())
        return {};
    const auto text = [](base::milliseconds length) {
        return length == base::off ? std::string{"0s"} : base::to_text(length);
    };
    if (row.bound == row.played_bound)
        return fmt::format("waits for {}: {}", row.bound_key, text(row.bound));
    return fmt::format("waits for {}: played with {} instead of {}", row.bound_key,
                       text(row.played_bound), text(row.bound));
}

std::string row_text(const selftest_row& row)
{
    std::string text = fmt::format(
        "  {} {:<25} {:<36} {:<28} {}\n", row.wrong.empty() ? "ok   " : "WRONG", to_text(row.what),
        to_text(row.seen.client), to_text(row.seen.backend), said(row.seen.told));
    if (!row.choices.empty())
        text += fmt::format("        by choice: {}\n", joined(row.choices));
    if (const std::string wait = wait_text(row); !wait.empty())
        text += fmt::format("        {}\n", wait);
    for (const std::string& each : row.wrong)
        text += fmt::format("        wrong: {}\n", each);
    return text;
}

std::string rows_text(const selftest_listener& listener, int version)
{
    std::string text;
    for (const selftest_row& row : listener.rows) {
        if (row.tls_version == version)
            text += row_text(row);
    }
    if (text.empty())
        return text;
    return fmt::format("\n  {}\n        {:<25} {:<36} {:<28} {}\n", version_text(version), "row",
                       "client sees", "backend sees", "log: cause / second / outcome") +
           text;
}

std::string legend(const selftest_report& report)
{
    std::string text = "\nrows:\n";
    for (const trial each : all_trials) {
        const bool is_there =
            std::any_of(report.listeners.begin(), report.listeners.end(), [&](const auto& one) {
                return std::any_of(one.rows.begin(), one.rows.end(),
                                   [&](const selftest_row& row) { return row.what == each; });
            });
        if (is_there)
            text += fmt::format("  {:<25} {}\n", to_text(each), given(each));
    }
    return text;
}

json::object side_of(const sighting& seen)
{
    return {{"bytes", seen.bytes},
            {"close_notify", seen.close_notify},
            {"alert", seen.alert},
            {"end", to_text(seen.end)}};
}

json::object row_of(const selftest_row& row)
{
    const told_ending& told = row.seen.told;
    json::object result{
        {"row", to_text(row.what)},
        {"given", given(row.what)},
        {"tls", version_text(row.tls_version)},
        {"ok", row.wrong.empty()},
        {"client", side_of(row.seen.client)},
        {"backend", side_of(row.seen.backend)},
        {"cause", record::cause_or_null(told.cause)},
        {"second", record::cause_or_null(told.second)},
        {"client_act", ending::to_text(told.client_act)},
        {"backend_act", ending::to_text(told.backend_act)},
        {"outcome", ending::to_text(told.outcome)},
        {"choices", json::value_from(row.choices)},
        {"wrong", json::value_from(row.wrong)},
    };
    if (!row.bound_key.empty())
        result["waits_for"] = {{"key", row.bound_key},
                               {"configured_seconds", base::in_seconds(row.bound)},
                               {"played_seconds", base::in_seconds(row.played_bound)}};
    return result;
}

} // namespace

std::string to_text(const selftest_report& report)
{
    std::size_t rows = 0;
    std::size_t wrong = 0;
    std::string text;
    for (const selftest_listener& each : report.listeners) {
        text += fmt::format("listener {} (backend {})\n", each.name, each.backend);
        if (each.has_unix_server)
            text += "  note: played over TCP; this backend's Unix socket has no RST, so what is an "
                    "RST here\n        is an end of file there (docs/endings.md, decision 9)\n";
        text += rows_text(each, 0x0303) + rows_text(each, 0x0304) + "\n";
        rows += each.rows.size();
        wrong += static_cast<std::size_t>(
            std::count_if(each.rows.begin(), each.rows.end(),
                          [](const selftest_row& row) { return !row.wrong.empty(); }));
    }
    text += "Bounds above 2s were played with 2s, all durations of that row divided alike, none "
            "below 2s;\nbounds below 500ms with 500ms. `timeouts.idle` and `timeouts.lifetime` "
            "were off in all rows but their "
            "own.\n";
    text += legend(report);
    if (wrong == 0)
        return text + fmt::format("\nall {} rows are as rules and configuration say\n", rows);
    return text +
           fmt::format("\n{} of {} rows are not as rules and configuration say\n", wrong, rows);
}

std::string to_json(const selftest_report& report)
{
    json::array listeners;
    for (const selftest_listener& each : report.listeners) {
        json::array rows;
        for (const selftest_row& row : each.rows)
            rows.push_back(row_of(row));
        listeners.push_back(json::object{{"listener", each.name},
                                         {"backend", each.backend},
                                         {"has_unix_server", each.has_unix_server},
                                         {"rows", std::move(rows)}});
    }
    const json::object whole{{"ok", report.is_good()}, {"listeners", std::move(listeners)}};
    return json::serialize(whole) + "\n";
}

} // namespace ferrule::selftest
