#include "ending/vocabulary.hpp"

namespace ferrule::ending {

std::string_view to_text(side value)
{
    return value == side::client ? "client" : "backend";
}

std::string_view to_text(direction value)
{
    return value == direction::to_backend ? "to_backend" : "to_client";
}

std::string_view to_text(source value)
{
    switch (value) {
    case source::open: return "open";
    case source::cut: return "cut";
    case source::clean: return "clean";
    case source::truncated: return "truncated";
    case source::reset: return "reset";
    case source::failed: return "failed";
    case source::absent: return "absent";
    }
    return "?";
}

std::string_view to_text(sink value)
{
    switch (value) {
    case sink::open: return "open";
    case sink::finished: return "finished";
    case sink::truncated: return "truncated";
    case sink::aborted: return "aborted";
    case sink::gone: return "gone";
    }
    return "?";
}

std::string_view to_text(mode value)
{
    switch (value) {
    case mode::wait: return "wait";
    case mode::notify: return "notify";
    case mode::abort: return "abort";
    }
    return "?";
}

std::string_view to_text(half_close value)
{
    return value == half_close::carry ? "carry" : "close";
}

std::string_view to_text(client_policy value)
{
    return value == client_policy::reset ? "reset" : "fin";
}

std::string_view to_text(backend_policy value)
{
    return value == backend_policy::reset ? "reset" : "truncate";
}

std::string_view to_text(proxy_policy value)
{
    switch (value) {
    case proxy_policy::ask: return "ask";
    case proxy_policy::notify: return "notify";
    case proxy_policy::reset: return "reset";
    }
    return "?";
}

std::string_view to_text(phase value)
{
    switch (value) {
    case phase::handshaking: return "handshaking";
    case phase::connecting: return "connecting";
    case phase::relaying: return "relaying";
    case phase::closing: return "closing";
    }
    return "?";
}

std::string_view to_text(cause value)
{
    switch (value) {
    case cause::none: return "-";
    case cause::client_eof: return "client_eof";
    case cause::backend_eof: return "backend_eof";
    case cause::client_truncated: return "client_truncated";
    case cause::backend_truncated: return "backend_truncated";
    case cause::client_reset: return "client_reset";
    case cause::backend_reset: return "backend_reset";
    case cause::tls_error: return "tls_error";
    case cause::handshake_failed: return "handshake_failed";
    case cause::probe: return "probe";
    case cause::no_backend: return "no_backend";
    case cause::idle_timeout: return "idle_timeout";
    case cause::half_close_timeout: return "half_close_timeout";
    case cause::close_timeout: return "close_timeout";
    case cause::write_stalled: return "write_stalled";
    case cause::lifetime: return "lifetime";
    case cause::limit: return "limit";
    case cause::drain: return "drain";
    case cause::killed: return "killed";
    case cause::internal: return "internal";
    }
    return "?";
}

std::string_view to_text(act value)
{
    switch (value) {
    case act::exchanged: return "exchanged";
    case act::sent: return "sent";
    case act::reset: return "reset";
    case act::gone: return "gone";
    case act::none: return "none";
    }
    return "?";
}

std::string_view to_text(outcome value)
{
    switch (value) {
    case outcome::clean: return "clean";
    case outcome::cut: return "cut";
    case outcome::unconfirmed: return "unconfirmed";
    case outcome::lost: return "lost";
    case outcome::none: return "none";
    }
    return "?";
}

std::string_view to_text(first_end value)
{
    switch (value) {
    case first_end::client: return "client";
    case first_end::backend: return "backend";
    case first_end::proxy: return "proxy";
    }
    return "?";
}

std::string_view to_text(patience value)
{
    switch (value) {
    case patience::handshake: return "handshake";
    case patience::connect: return "connect";
    case patience::idle: return "idle";
    case patience::half_close: return "half_close";
    case patience::ask: return "ask";
    case patience::close_notify: return "close_notify";
    case patience::stall: return "stall";
    case patience::linger: return "linger";
    }
    return "?";
}

} // namespace ferrule::ending
