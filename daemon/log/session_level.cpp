// Which ended sessions are worth a line, and at which level.
#include "log/session_log.hpp"

namespace ferrule::log {

using ending::cause;
using ending::outcome;

namespace {

bool is_clean(cause how)
{
    return how == cause::client_eof || how == cause::backend_eof;
}

} // namespace

bool is_abnormal(const record::ended_session& ended) noexcept
{
    if (ended.cause == cause::probe)
        return false;
    switch (ended.outcome) {
    case outcome::clean: return false;
    case outcome::unconfirmed:
    case outcome::lost: return true;
    case outcome::cut:
    case outcome::none: break;
    }
    // Only `mode` and `half_close` cut a session of which nothing has ended but cleanly.
    return !is_clean(ended.cause) || (ended.second != cause::none && !is_clean(ended.second));
}

config::log_level level_of(const record::ended_session& ended) noexcept
{
    if (ended.cause == cause::probe)
        return config::log_level::debug;
    return is_abnormal(ended) ? config::log_level::warning : config::log_level::info;
}

bool is_logged(const record::ended_session& ended, config::log_level level,
               config::logged_sessions which) noexcept
{
    if (which == config::logged_sessions::none ||
        (which == config::logged_sessions::abnormal && !is_abnormal(ended)))
        return false;
    return level_of(ended) >= level;
}

} // namespace ferrule::log
