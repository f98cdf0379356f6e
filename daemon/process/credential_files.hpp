// Certificates, keys and ticket keys whose files have changed are picked up without a reload. The
// configuration itself is not read again.
#pragma once

#include "config/settings.hpp"
#include "log/session_log.hpp"
#include "metrics/registry.hpp"
#include "process/deployment.hpp"
#include "process/file_watch.hpp"
#include "process/main_loop.hpp"
#include "process/worker_pool.hpp"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace ferrule::process {

/// Main thread only; reading blocks for the disk.
class credential_files {
public:
    using listeners = std::span<const config::listener_settings>;

    /// `settings` are those in force: what is picked up goes into them. All that is given must
    /// outlive it.
    credential_files(main_loop& loop, config::settings& settings, deployment& deployed,
                     worker_pool& workers, metrics::registry& numbers, log::session_log& log);

    /// Begins anew with the files of the settings in force. To be called whenever other settings
    /// come into force, as it keeps places in them.
    void watch();

    /// Looks no more.
    void stop();

    /// Counts what is served with new contents from now on, after settings have come into force.
    /// The certificate of a listener that was not there before was loaded, but is no change.
    void note_loads(listeners before, listeners after);

    /// Counts the files that had been refused and in which a reload has found what is in force.
    /// To be called before the settings with `after` come into force.
    void note_mended(listeners after);

private:
    void look_later();
    void look();
    void refresh(watched_files& files, const file_sightings& seen);
    void refuse(watched_files& files, const std::string& why);
    void take(config::listener_settings& listener, config::listener_settings fresh,
              const watched_files& files, deployment::renewal prepared);

    main_loop& loop_;
    config::settings& settings_;
    deployment& deployment_;
    worker_pool& workers_;
    metrics::registry& numbers_;
    log::session_log& log_;
    std::unique_ptr<timer> timer_;
    std::vector<watched_files> watched_;
    bool is_stopped_ = false;
};

} // namespace ferrule::process
