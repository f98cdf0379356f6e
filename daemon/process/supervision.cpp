#include "process/supervision.hpp"

#include "control/text.hpp"
#include "log/attempt.hpp"

#include <algorithm>
#include <utility>

namespace ferrule::process {

namespace {

/// How often the line that `systemctl status` shows is written anew.
constexpr base::seconds status_interval{5};
constexpr base::seconds drain_status_interval{1};

/// How often the workers are asked whether they serve, where the service manager does not say.
constexpr base::seconds look_interval{10};

/// A worker that has not answered for so long serves nobody: /healthz says so.
constexpr base::seconds stuck_after{30};

/// How much longer a stop may take from each of those moments on. It is said again well before it
/// is over, so that the service manager waits as long as the drain lasts, and no longer.
constexpr base::seconds stop_extension{15};

} // namespace

supervision::supervision(main_loop& loop, metrics::registry& numbers, log::session_log& log,
                         std::function<std::optional<base::milliseconds>()> cut_in)
    : numbers_{numbers}, log_{log}, cut_in_{std::move(cut_in)}, timer_{loop.make_timer()}
{
}

void supervision::watch(std::vector<watchdog::ask> workers)
{
    // Three times in an interval: one may be late.
    const auto interval = manager_.watchdog_interval();
    watchdog_ = std::make_unique<watchdog>(
        interval.has_value() ? *interval / 3 : base::microseconds{look_interval},
        std::move(workers),
        watchdog::notices{
            .alive =
                [this, is_asked_for = interval.has_value()] {
                    if (numbers_.process().stuck.exchange(false))
                        log_.say(config::log_level::warning, "all workers serve again");
                    if (is_asked_for)
                        manager_.alive();
                },
            .silent =
                [this](base::microseconds how_long) {
                    if (how_long >= stuck_after && !numbers_.process().stuck.exchange(true))
                        log_.say(config::log_level::error,
                                 "a worker has not answered for half a minute: it "
                                 "serves nobody, and /healthz says so");
                }});
}

void supervision::stop_watching()
{
    watchdog_.reset();
}

void supervision::ready()
{
    manager_.ready(status_text());
    tell_later();
}

void supervision::reloading()
{
    manager_.reloading();
}

void supervision::reloaded()
{
    if (!cut_in_().has_value())
        manager_.ready(status_text());
}

void supervision::stopping()
{
    manager_.stopping(status_text());
    tell_later();
}

std::string supervision::status_text() const
{
    std::string text{control::process_word(numbers_.process())};
    text += ": " + control::sessions_in_words(control::sum_of(numbers_.totals()));
    if (const auto left = cut_in_(); left.has_value()) {
        const auto whole = std::chrono::duration_cast<base::seconds>(std::max(*left, base::off));
        text += ", cut in " + std::to_string(whole.count()) + "s";
    }
    if (!numbers_.process().last_reload_ok.load())
        text += "; the last reload failed";
    return text;
}

void supervision::tell_later()
{
    if (!manager_.is_there())
        return;
    const bool is_draining = cut_in_().has_value();
    if (is_draining)
        manager_.extend_timeout(stop_extension);
    const base::milliseconds interval = is_draining ? drain_status_interval : status_interval;
    timer_->set(interval, "go on telling the service manager", [this] {
        log::attempt(log_, "tell the service manager", [this] { manager_.status(status_text()); });
        tell_later();
    });
}

} // namespace ferrule::process
