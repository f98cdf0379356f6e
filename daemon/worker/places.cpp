// Who gets in: places for sessions, and what is told while nobody can be accepted.

#include "log/attempt.hpp"
#include "worker/worker.hpp"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

namespace ferrule::worker {

namespace {

/// A pause of accepting is logged at most this often; it is counted each time.
constexpr base::seconds pause_log_interval{10};

/// A handshake that takes longer gives way when `limits.sessions` is reached. Those of clients that
/// are on their way with it are over by then, as a rule.
constexpr base::seconds handshake_grace{1};

/// Other workers are asked for room at most this often.
constexpr base::milliseconds asking_interval{100};

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

void worker::meet(const std::vector<std::unique_ptr<worker>>& all)
{
    for (const auto& each : all) {
        if (each.get() != this)
            others_.push_back(each.get());
    }
}

bool worker::take_place() noexcept
{
    if (limit_.take())
        return true;
    wants_place_ = true;
    // Once more: what was given back before anybody could see that we want it would go unnoticed.
    if (limit_.take())
        return true;
    if (!make_room())
        ask_for_room();
    return false;
}

void worker::give_back_place() noexcept
{
    limit_.give_back();
    for (worker* const each : others_) {
        if (each->wants_place_.load() && each->wants_place_.exchange(false))
            log::attempt(log_, "tell another worker of a place",
                         [each] { each->mailbox_.post([each] { each->wake_listeners(); }); });
    }
}

void worker::wake_listeners()
{
    if (!paused_)
        return;
    for (const auto& each : listeners_)
        each->wake();
}

/// Ends the oldest session that has not come through its handshake in good time, so that a crowd
/// that says nothing keeps nobody out. False if there is none.
bool worker::make_room() noexcept
{
    while (!newcomers_.empty()) {
        session::session& oldest = newcomers_.front();
        if (oldest.how_far() == record::state::handshaking) {
            if (around_.now - oldest.accepted_at() < handshake_grace)
                return false;
            newcomers_.pop_front();
            oldest.end_at_once(ending::cause::limit);
            return true;
        }
        newcomers_.pop_front();
    }
    return false;
}

void worker::ask_for_room() noexcept
{
    if (asked_at_.has_value() && around_.now - *asked_at_ < asking_interval)
        return;
    asked_at_ = around_.now;
    for (worker* const each : others_)
        log::attempt(log_, "ask another worker for a place",
                     [each] { each->mailbox_.post([each] { each->make_room(); }); });
}

void worker::paused(metrics::listener_counters& counters, metrics::accept_pause why)
{
    if (paused_)
        return;
    paused_ = true;
    counters.accept_paused[static_cast<std::size_t>(why)].add();
    if (pause_logged_at_.has_value() && around_.now - *pause_logged_at_ < pause_log_interval)
        return;
    pause_logged_at_ = around_.now;
    log::attempt(log_, "tell of a pause", [&] {
        log_.say(config::log_level::warning, "accepting paused worker=" + std::to_string(index_) +
                                                 " reason=" + text_of(why) +
                                                 " open_sessions=" + std::to_string(limit_.open()));
    });
}

/// Told at most as often as a pause.
void worker::failing(const listener& which, int error) noexcept
{
    const bool is_new = error != 0 && (!failure_logged_at_.has_value() ||
                                       around_.now - *failure_logged_at_ >= pause_log_interval);
    const bool is_over = error == 0 && std::exchange(is_failure_told_, false);
    if (!is_new && !is_over)
        return;
    log::attempt(log_, "tell of a listener", [&] {
        const std::string whose = " worker=" + std::to_string(index_) +
                                  " listener=" + which.name() + " address=" + which.where().text();
        if (is_over)
            return log_.say(config::log_level::info, "accepting again" + whose);
        failure_logged_at_ = around_.now;
        is_failure_told_ = true;
        log_.say(config::log_level::error,
                 "cannot accept" + whose + ": " + std::generic_category().message(error) +
                     "; it is tried again, and /readyz says no meanwhile");
    });
}

} // namespace ferrule::worker
