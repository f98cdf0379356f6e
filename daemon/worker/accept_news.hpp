// What the log is told while nobody can be accepted.
#pragma once

#include "base/time.hpp"
#include "log/session_log.hpp"
#include "metrics/counters.hpp"
#include "worker/session_limit.hpp"

#include <optional>
#include <string>

namespace ferrule::worker {

/// Of one worker. Each kind of news is told at most every ten seconds; it is counted each time.
class accept_news {
public:
    /// `log` and `limit` must outlive it.
    accept_news(log::session_log& log, const session_limit& limit, int worker) noexcept
        : log_{log}, limit_{limit}, worker_{worker}
    {
    }

    /// Accepting pauses: counted and told, unless it does already.
    void paused(metrics::listener_counters& counters, metrics::accept_pause why,
                base::time_point now) noexcept;
    void went_on() noexcept { is_paused_ = false; }
    bool is_paused() const noexcept { return is_paused_; }

    /// A listener, which is at `where`, cannot accept (`error`: errno), or can again (0).
    void failing(const std::string& listener, const std::string& where, int error,
                 base::time_point now) noexcept;

    log::session_log& log() const noexcept { return log_; }

private:
    log::session_log& log_;
    const session_limit& limit_;
    int worker_;
    bool is_paused_ = false;
    bool is_failure_told_ = false; ///< so that its end is told, too
    std::optional<base::time_point> pause_told_at_;
    std::optional<base::time_point> failure_told_at_;
};

} // namespace ferrule::worker
