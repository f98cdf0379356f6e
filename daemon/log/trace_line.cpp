// What was recorded of a session, as log/session_log.hpp speaks of it.
#include "ending/next_step.hpp"
#include "log/session_log.hpp"
#include "log/text.hpp"
#include "tls/channel.hpp"

#include <fmt/format.h>

#include <cstring>
#include <iterator>

namespace ferrule::log {

namespace {

using record::happening;
using record::recorded;
using record::recorder;

/// What an event says besides its word, name by name. Names are JSON's; text leaves them out.
struct event_detail {
    std::string_view name; ///< empty: it says no more
    std::string value;
};

std::string error_text(int number)
{
    const char* const text = strerrordesc_np(number);
    return number == 0 || text == nullptr ? std::string{} : std::string{text};
}

event_detail detail_of(const recorded& event)
{
    const auto number = static_cast<std::uint8_t>(event.detail);
    const auto word = [](std::string_view text) { return std::string{text}; };
    switch (event.kind()) {
    case happening::connect_failed:
    case happening::client_gone:
    case happening::backend_gone: return {"error", error_text(number)};
    case happening::alert_received:
    case happening::alert_sent:
        return {"alert", number == 0 ? "close_notify" : tls::alert_text(number)};
    case happening::client_ended:
    case happening::backend_ended:
        return {"how", word(ending::to_text(static_cast<ending::source>(number)))};
    case happening::cause:
    case happening::second:
    case happening::end_ordered:
        return {"cause", word(ending::to_text(static_cast<ending::cause>(number)))};
    case happening::waiting:
    case happening::bound_passed:
        return {"bound", word(ending::to_text(static_cast<ending::patience>(number)))};
    default: return {};
    }
}

bool has_duration(happening what)
{
    return what == happening::waiting || what == happening::deadline_armed ||
           what == happening::drain_ordered;
}

std::string_view word_of(const recorded& event)
{
    return event.kind() == happening::step
               ? ending::to_text(static_cast<ending::step>(event.detail))
               : record::to_text(event.kind());
}

std::string milliseconds(std::uint64_t microseconds)
{
    return fmt::format("{}.{:03}ms", microseconds / 1000, microseconds % 1000);
}

/// "+1.200ms..+310.200ms backend_read 1048576 in 42"
void append_text(std::string& line, const recorded& event)
{
    auto out = std::back_inserter(line);
    fmt::format_to(out, "+{}", milliseconds(event.at));
    if (event.lasted > 0)
        fmt::format_to(out, "..+{}", milliseconds(event.at + std::uint64_t{event.lasted} * 1000));
    fmt::format_to(out, " {}", word_of(event));
    if (const event_detail detail = detail_of(event); !detail.value.empty())
        fmt::format_to(out, " {}", detail.value);
    if (record::moves_bytes(event.kind()))
        fmt::format_to(out, " {}", event.amount);
    if (event.count > 1)
        fmt::format_to(out, " in {}", event.count);
    if (has_duration(event.kind()))
        line += event.amount == 0 && event.kind() == happening::waiting
                    ? std::string{" off"}
                    : fmt::format(" {}ms", event.amount);
}

void append_json(std::string& line, const recorded& event)
{
    auto out = std::back_inserter(line);
    fmt::format_to(out, R"({{"at_us":{},"what":"{}")", event.at, word_of(event));
    if (const event_detail detail = detail_of(event); !detail.value.empty()) {
        fmt::format_to(out, R"(,"{}":)", detail.name);
        append_json_string(line, detail.value);
    }
    if (record::moves_bytes(event.kind()))
        fmt::format_to(out, R"(,"bytes":{},"count":{},"lasted_ms":{})", event.amount, event.count,
                       event.lasted);
    if (has_duration(event.kind()))
        fmt::format_to(out, R"(,"for_ms":{})", event.amount);
    line += '}';
}

} // namespace

std::string text_trace_line(const record::ended_session& ended, const recorder& recording)
{
    std::string events;
    for (std::size_t i = 0; i < recording.size(); ++i) {
        events += i == 0 ? "" : "; ";
        append_text(events, recording[i]);
    }
    std::string line = fmt::format("trace session={} listener=", ended.session_id);
    append_text_value(line, ended.listener.view());
    fmt::format_to(std::back_inserter(line), " omitted={} events=", recording.omitted());
    append_text_value(line, events);
    return line;
}

std::string json_trace_line(const record::ended_session& ended, const recorder& recording)
{
    std::string line = fmt::format(
        R"({{"time":"{}","level":"{}","event":"session_trace","session":{},"listener":)",
        utc_time(ended.ended_at_microseconds), level_word(level_of(ended)), ended.session_id);
    append_json_string(line, ended.listener.view());
    fmt::format_to(std::back_inserter(line), R"(,"omitted":{},"events":[)", recording.omitted());
    for (std::size_t i = 0; i < recording.size(); ++i) {
        line += i == 0 ? "" : ",";
        append_json(line, recording[i]);
    }
    return line + "]}";
}

std::string trace_line(line_form form, const record::ended_session& ended,
                       const recorder& recording)
{
    if (form == line_form::json)
        return json_trace_line(ended, recording);
    const std::string line = text_trace_line(ended, recording);
    if (form == line_form::demo)
        return line;
    return fmt::format("{} {} {}", utc_time(ended.ended_at_microseconds),
                       level_word(level_of(ended)), line);
}

} // namespace ferrule::log
