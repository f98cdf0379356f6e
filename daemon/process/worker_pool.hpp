// All workers as the rest of the process sees them: an order for all, and an answer from each.
#pragma once

#include "base/time.hpp"
#include "worker/worker.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ferrule::process {

/// Main thread only. Answers come on the main thread, later, once from each worker, and in no
/// order.
class worker_pool {
public:
    using drained = std::function<void(bool all_well)>;
    using listed = std::function<void(worker::session_list found)>;
    using killed = std::function<void(const std::vector<std::uint64_t>& ids)>;
    using servers = std::vector<backends::server>;
    using contexts = std::vector<std::shared_ptr<tls::context>>;

    virtual ~worker_pool() = default;

    virtual std::size_t size() const = 0;

    /// Gives each worker its setup, and says how many sessions all of them may have.
    virtual void apply(std::vector<worker::worker_setup> setups, std::uint64_t max_sessions) = 0;

    /// Replaces the servers of the backend with this name, for each worker by its own.
    virtual void set_servers(const std::string& backend, std::vector<servers> for_each) = 0;

    /// Gives new sessions of the listener with this name another TLS context, in each worker its
    /// own.
    virtual void renew(const std::string& listener, contexts for_each) = 0;

    /// As worker::drain, which says what `all_well` means.
    virtual void drain(base::milliseconds timeout, base::milliseconds spread, drained tell) = 0;

    /// What fits: from each worker up to `most`, the oldest of them.
    virtual void list(const worker::session_filter& which, std::size_t most, listed tell) = 0;

    /// Ends what fits with the cause `killed`.
    virtual void kill(const worker::session_filter& which, killed tell) = 0;
};

} // namespace ferrule::process
