// The ways to show an ended session, of which log/session_log.hpp speaks.
#include "log/session_log.hpp"
#include "log/text.hpp"

#include <fmt/format.h>

namespace ferrule::log {

namespace {

using ending::cause;
using ending::outcome;

constexpr auto to_backend = static_cast<std::size_t>(ending::direction::to_backend);
constexpr auto to_client = static_cast<std::size_t>(ending::direction::to_client);

/// Room that most lines fit in, so that they are not copied while they grow.
constexpr std::size_t usual_line = 1024;

std::string milliseconds(base::microseconds duration)
{
    const std::string rest = std::to_string(1000 + duration.count() % 1000);
    return std::to_string(duration.count() / 1000) + '.' + rest.substr(1);
}

/// Writes fields as `name=value`, each with a blank before it.
class text_fields {
public:
    explicit text_fields(std::string_view start)
    {
        line_.reserve(usual_line);
        line_ += start;
    }

    void text(std::string_view name, std::string_view value)
    {
        start(name);
        append_text_value(line_, value);
    }
    void word(std::string_view name, std::string_view value)
    {
        start(name);
        line_ += value;
    }
    void flag(std::string_view name, bool value) { word(name, value ? "yes" : "no"); }
    void number(std::string_view name, std::uint64_t value) { word(name, std::to_string(value)); }
    void duration(std::string_view name, base::microseconds value)
    {
        word(name, milliseconds(value));
    }
    std::string take() { return std::move(line_); }

private:
    void start(std::string_view name)
    {
        line_ += ' ';
        line_ += name;
        line_ += '=';
    }

    std::string line_;
};

/// Writes fields as `,"name":value`.
class json_fields {
public:
    explicit json_fields(std::string_view start)
    {
        line_.reserve(usual_line);
        line_ += start;
    }

    void text(std::string_view name, std::string_view value)
    {
        start(name);
        if (value.empty())
            line_ += "null";
        else
            append_json_string(line_, value);
    }
    void word(std::string_view name, std::string_view value)
    {
        text(name, value == "-" ? std::string_view{} : value);
    }
    void flag(std::string_view name, bool value) { raw(name, value ? "true" : "false"); }
    void number(std::string_view name, std::uint64_t value) { raw(name, std::to_string(value)); }
    void duration(std::string_view name, base::microseconds value)
    {
        raw(name, milliseconds(value));
    }
    std::string take() { return std::move(line_) + '}'; }

private:
    void start(std::string_view name)
    {
        line_ += ",\"";
        line_ += name;
        line_ += "\":";
    }
    void raw(std::string_view name, std::string_view value)
    {
        start(name);
        line_ += value;
    }

    std::string line_;
};

/// The fields and their order, the same for every format.
template <typename Fields>
std::string with_fields(Fields fields, const record::ended_session& ended)
{
    fields.number("session", ended.session_id);
    fields.text("listener", ended.listener.view());
    fields.text("client", ended.client.view());
    fields.text("tls", ended.tls_version.view());
    fields.text("cipher", ended.cipher.view());
    fields.text("sni", ended.sni.view());
    fields.text("alpn", ended.alpn.view());
    fields.flag("resumed", ended.resumed);
    fields.text("backend", ended.backend.view());
    fields.text("server", ended.server.view());
    fields.number("to_backend_bytes", ended.bytes[to_backend]);
    fields.number("to_client_bytes", ended.bytes[to_client]);
    fields.word("cause", ending::to_text(ended.cause));
    fields.word("second", ending::to_text(ended.second));
    fields.text("detail", ended.detail.view());
    fields.word("client_act", ending::to_text(ended.client_act));
    fields.word("backend_act", ending::to_text(ended.backend_act));
    fields.word("outcome", ending::to_text(ended.outcome));
    fields.number("lost_to_backend_bytes", ended.lost[to_backend]);
    fields.number("lost_to_client_bytes", ended.lost[to_client]);
    fields.number("unconfirmed_to_backend_bytes", ended.unconfirmed[to_backend]);
    fields.number("unconfirmed_to_client_bytes", ended.unconfirmed[to_client]);
    fields.number("undecrypted_bytes", ended.undecrypted);
    fields.word("first_end", ending::to_text(ended.first_end));
    fields.duration("handshake_ms", ended.handshake);
    fields.duration("connect_ms", ended.connect);
    fields.duration("half_closed_ms", ended.half_closed);
    fields.duration("close_ms", ended.close);
    fields.duration("total_ms", ended.total);
    return fields.take();
}

/// What a cause means, for someone who has never heard its name.
std::string_view meaning(cause how)
{
    switch (how) {
    case cause::none: return "nothing has ended yet";
    case cause::client_eof: return "the client said goodbye, a close_notify";
    case cause::backend_eof: return "the backend had no more to send and closed";
    case cause::client_truncated: return "the client's bytes stopped without a close_notify";
    case cause::backend_truncated: return "the backend's bytes stopped without a close_notify";
    case cause::client_reset: return "the client's connection was reset";
    case cause::backend_reset: return "the backend's connection was reset";
    case cause::tls_error: return "the client broke the TLS protocol, or sent an alert";
    case cause::handshake_failed: return "the TLS handshake did not succeed";
    case cause::probe: return "the client left before it sent a byte";
    case cause::no_backend: return "no server of the backend took the connection";
    case cause::idle_timeout: return "nobody sent a byte for too long";
    case cause::half_close_timeout: return "the backend stayed silent after the client's goodbye";
    case cause::close_timeout: return "the client never answered our goodbye";
    case cause::write_stalled: return "bytes were waiting, and their receiver took none";
    case cause::lifetime: return "the session was open for as long as one may be";
    case cause::limit: return "a limit was reached";
    case cause::drain: return "Ferrule is being stopped";
    case cause::killed: return "Ferrule was told to end it at once";
    case cause::internal: return "a fault of Ferrule itself; please report it";
    }
    return "unknown";
}

std::string size_text(std::uint64_t bytes)
{
    static constexpr std::array units{"KiB", "MiB", "GiB", "TiB"};

    if (bytes < 10'000)
        return fmt::format("{} B", bytes);
    auto size = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    for (; size >= 1024 && unit + 1 < units.size(); ++unit)
        size /= 1024;
    return fmt::format("{:.1f} {}", size, units[unit]);
}

std::string duration_text(base::microseconds duration)
{
    const auto ms = static_cast<double>(duration.count()) / 1000;
    return ms < 1000 ? fmt::format("{:.1f} ms", ms) : fmt::format("{:.1f} s", ms / 1000);
}

std::string fate(const record::ended_session& ended)
{
    switch (ended.outcome) {
    case outcome::clean:
    case outcome::cut:
    case outcome::none: return "nothing lost";
    case outcome::unconfirmed: return "the last of them sent, but never acknowledged";
    case outcome::lost: break;
    }
    return fmt::format("lost on the way: {} to the backend, {} to the client",
                       size_text(ended.lost[to_backend]), size_text(ended.lost[to_client]));
}

} // namespace

std::string text_line(const record::ended_session& ended)
{
    return with_fields(text_fields{"ended"}, ended);
}

std::string json_line(const record::ended_session& ended)
{
    return with_fields(json_fields{fmt::format(
                           R"({{"time":"{}","level":"{}","event":"session_ended")",
                           utc_time(ended.ended_at_microseconds), level_word(level_of(ended)))},
                       ended);
}

std::string demo_line(const record::ended_session& ended)
{
    std::string line =
        fmt::format("session {}  {:<11}  {} ({}", ended.session_id, ending::to_text(ended.outcome),
                    ending::to_text(ended.cause), meaning(ended.cause));
    if (!ended.detail.empty()) {
        line += ": ";
        append_text_value(line, ended.detail.view());
    }
    line += ')';
    if (ended.second != cause::none)
        line += fmt::format(", then {} ({})", ending::to_text(ended.second), meaning(ended.second));
    line += fmt::format("; {} to the backend, {} to the client, {}; closed in {}",
                        size_text(ended.bytes[to_backend]), size_text(ended.bytes[to_client]),
                        fate(ended), duration_text(ended.close));
    return line;
}

std::string session_line(line_form form, const record::ended_session& ended)
{
    switch (form) {
    case line_form::json: return json_line(ended);
    case line_form::demo: return demo_line(ended);
    case line_form::text: break;
    }
    return fmt::format("{} {} {}", utc_time(ended.ended_at_microseconds),
                       level_word(level_of(ended)), text_line(ended));
}

} // namespace ferrule::log
