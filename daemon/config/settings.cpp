#include "config/settings.hpp"

namespace ferrule::config {

std::string endpoint::text() const
{
    switch (type) {
    case kind::unix_socket: return "unix:" + host;
    case kind::inherited: return "fd:" + host;
    case kind::ip6: return "[" + host + "]:" + std::to_string(port);
    case kind::ip4:
    case kind::name: break;
    }
    return host + ":" + std::to_string(port);
}

std::string_view to_text(log_level value)
{
    switch (value) {
    case log_level::debug: return "debug";
    case log_level::info: return "info";
    case log_level::warning: return "warning";
    case log_level::error: return "error";
    }
    return "?";
}

std::optional<log_level> log_level_of(std::string_view word)
{
    for (const log_level each :
         {log_level::debug, log_level::info, log_level::warning, log_level::error}) {
        if (to_text(each) == word)
            return each;
    }
    return std::nullopt;
}

std::string_view to_text(log_format value)
{
    return value == log_format::text ? "text" : "json";
}

std::string_view to_text(logged_sessions value)
{
    switch (value) {
    case logged_sessions::all: return "all";
    case logged_sessions::abnormal: return "abnormal";
    case logged_sessions::none: return "none";
    }
    return "?";
}

} // namespace ferrule::config
