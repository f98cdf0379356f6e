// The worker threads of this process.
#pragma once

#include "log/session_log.hpp"
#include "metrics/registry.hpp"
#include "process/main_loop.hpp"
#include "process/watchdog.hpp"
#include "process/worker_pool.hpp"

#include <memory>
#include <vector>

namespace ferrule::process {

class worker_threads final : public worker_pool {
public:
    /// None yet. All that is given must outlive it.
    worker_threads(main_loop& loop, metrics::process_state& state, log::session_log& log);

    /// Stops them.
    ~worker_threads() override;
    worker_threads(const worker_threads&) = delete;
    worker_threads& operator=(const worker_threads&) = delete;

    /// Makes so many, which do nothing yet. Once; throws std::system_error.
    void make(int count);

    /// Starts those that were made. Throws std::system_error.
    void start();

    /// Resets and reports what is left, and ends the threads. What they have posted to the loop may
    /// still come.
    void stop();

    /// For a watchdog, which has to end before they do.
    std::vector<watchdog::ask> questions() const;

    std::size_t size() const override { return workers_.size(); }
    void apply(std::vector<worker::worker_setup> setups, std::uint64_t max_sessions) override;
    void set_servers(const std::string& backend, std::vector<servers> for_each) override;
    void renew(const std::string& listener, contexts for_each) override;
    void drain(base::milliseconds timeout, base::milliseconds spread, drained tell) override;
    void list(const worker::session_filter& which, std::size_t most, listed tell) override;
    void kill(const worker::session_filter& which, killed tell) override;

private:
    main_loop& loop_;
    metrics::process_state& state_;
    log::session_log& log_;
    worker::session_limit limit_;
    std::vector<std::unique_ptr<worker::worker>> workers_;
};

} // namespace ferrule::process
