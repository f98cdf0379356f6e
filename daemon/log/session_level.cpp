// Which ended sessions are worth a line, and at which level.
#include "log/session_log.hpp"

namespace ferrule::log {

config::log_level level_of(const record::ended_session& ended) noexcept
{
    if (ended.cause == ending::cause::probe)
        return config::log_level::debug;
    return record::is_abnormal(ended) ? config::log_level::warning : config::log_level::info;
}

bool is_logged(const record::ended_session& ended, config::log_level level,
               config::logged_sessions which) noexcept
{
    if (which == config::logged_sessions::none ||
        (which == config::logged_sessions::abnormal && !record::is_abnormal(ended)))
        return false;
    return level_of(ended) >= level;
}

} // namespace ferrule::log
