#include "process/drain.hpp"

#include <string>
#include <utility>

namespace ferrule::process {

using config::log_level;

drain::drain(main_loop& loop, worker_pool& workers, const config::settings& settings,
             metrics::process_state& state, log::session_log& log, events tell)
    : loop_{loop},
      workers_{workers},
      settings_{settings},
      state_{state},
      log_{log},
      tell_{std::move(tell)},
      timer_{loop.make_timer()}
{
}

void drain::begin()
{
    if (has_begun())
        return;
    const config::drain_settings bounds = settings_.drain;
    cut_at_ = loop_.now() + bounds.delay + bounds.timeout;
    state_.ready = false;
    state_.draining = true;
    tell_.begun();
    const auto text = [](base::milliseconds duration) {
        return duration == base::off ? "0s" : base::to_text(duration);
    };
    log_.say(log_level::info, "draining delay=" + text(bounds.delay) + " timeout=" +
                                  text(bounds.timeout) + " spread=" + text(bounds.spread));
    timer_->set(bounds.delay, "drain", [this, bounds] { tell_workers(bounds); });
}

std::optional<base::milliseconds> drain::cut_in() const
{
    if (!cut_at_.has_value())
        return std::nullopt;
    return std::chrono::duration_cast<base::milliseconds>(*cut_at_ - loop_.now());
}

void drain::tell_workers(const config::drain_settings& bounds)
{
    // First the bound, so that there is one whatever happens to the rest.
    timer_->set(bounds.timeout + grace, "end the drain", [this] {
        log_.say(log_level::error, "drain is overdue: ending what is left");
        tell_.over(1);
    });
    workers_left_ = workers_.size();
    workers_.drain(bounds.timeout, bounds.spread,
                   [this](bool all_well) { worker_drained(all_well); });
}

void drain::worker_drained(bool all_well)
{
    all_well_ = all_well_ && all_well;
    if (--workers_left_ > 0)
        return;
    log_.say(log_level::info,
             all_well_ ? "drained: the drain has cut no session, and no byte is missing"
                       : "drained: the drain has cut a session, or bytes were lost or not "
                         "acknowledged");
    tell_.over(all_well_ ? 0 : 1);
}

} // namespace ferrule::process
