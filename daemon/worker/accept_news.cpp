#include "worker/accept_news.hpp"

#include "log/attempt.hpp"

#include <system_error>
#include <utility>

namespace ferrule::worker {

namespace {

constexpr base::seconds interval{10};

bool is_due(const std::optional<base::time_point>& told_at, base::time_point now)
{
    return !told_at.has_value() || now - *told_at >= interval;
}

const char* text_of(metrics::accept_pause why)
{
    switch (why) {
    case metrics::accept_pause::descriptors: return "descriptors";
    case metrics::accept_pause::memory: return "memory";
    case metrics::accept_pause::sessions: return "sessions";
    case metrics::accept_pause::error: return "error";
    }
    return "?";
}

} // namespace

void accept_news::paused(metrics::listener_counters& counters, metrics::accept_pause why,
                         base::time_point now) noexcept
{
    if (std::exchange(is_paused_, true))
        return;
    counters.accept_paused[static_cast<std::size_t>(why)].add();
    if (!is_due(pause_told_at_, now))
        return;
    pause_told_at_ = now;
    log::attempt(log_, "tell of a pause", [&] {
        log_.say(config::log_level::warning, "accepting paused worker=" + std::to_string(worker_) +
                                                 " reason=" + text_of(why) +
                                                 " open_sessions=" + std::to_string(limit_.open()));
    });
}

void accept_news::failing(const std::string& listener, const std::string& where, int error,
                          base::time_point now) noexcept
{
    const bool is_new = error != 0 && is_due(failure_told_at_, now);
    const bool is_over = error == 0 && std::exchange(is_failure_told_, false);
    if (!is_new && !is_over)
        return;
    log::attempt(log_, "tell of a listener", [&] {
        const std::string whose =
            " worker=" + std::to_string(worker_) + " listener=" + listener + " address=" + where;
        if (is_over)
            return log_.say(config::log_level::info, "accepting again" + whose);
        failure_told_at_ = now;
        is_failure_told_ = true;
        log_.say(config::log_level::error,
                 "cannot accept" + whose + ": " + std::generic_category().message(error) +
                     "; it is tried again, and /readyz says no meanwhile");
    });
}

} // namespace ferrule::worker
