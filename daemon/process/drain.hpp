// The end of the process as it is meant to be: its workers accept no more, and their sessions end.
#pragma once

#include "config/settings.hpp"
#include "log/session_log.hpp"
#include "metrics/registry.hpp"
#include "process/main_loop.hpp"
#include "process/worker_pool.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

namespace ferrule::process {

/// Main thread only.
class drain {
public:
    /// A drain that is not over this long after its time has failed (docs/endings.md, promise P6).
    static constexpr base::seconds grace{3};

    struct events {
        std::function<void()> begun; ///< from here on there is no way back
        /// 0: all workers are drained, no session was cut, and none that ended meanwhile lost a
        /// byte. 1: not all of that.
        std::function<void(int exit_code)> over;
    };

    /// `settings` are read when it begins. All that is given must outlive it.
    drain(main_loop& loop, worker_pool& workers, const config::settings& settings,
          metrics::process_state& state, log::session_log& log, events tell);

    /// Not ready any more from now on; the workers are told after the delay. If it has begun
    /// already, it just goes on.
    void begin();

    bool has_begun() const { return cut_at_.has_value(); }

    /// How long until what is left is cut; negative after that. nullopt if it has not begun.
    std::optional<base::milliseconds> cut_in() const;

private:
    void tell_workers(const config::drain_settings& bounds);
    void worker_drained(bool all_well);

    main_loop& loop_;
    worker_pool& workers_;
    const config::settings& settings_;
    metrics::process_state& state_;
    log::session_log& log_;
    events tell_;
    std::unique_ptr<timer> timer_;
    std::optional<base::time_point> cut_at_; ///< once it has begun
    std::size_t workers_left_ = 0;
    bool all_well_ = true;
};

} // namespace ferrule::process
