// The servers of one backend, as one worker sees them: taken in turn, the next one when a connect
// fails, one that has just failed last.
#pragma once

#include "base/time.hpp"
#include "metrics/counters.hpp"
#include "net/address.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ferrule::session {

struct server {
    std::string text; ///< as configured
    net::address where;
    metrics::server_counters* counters = nullptr;
    base::time_point failed_until{}; ///< it is tried last until then
};

/// One session's way through the servers.
struct server_choice {
    std::uint64_t tried = 0; ///< a bit for each server
    std::size_t start = 0;
    bool started = false;
};

class backend_pool {
public:
    static constexpr std::size_t servers_max = 64;

    /// How long a server is tried last after a failed connect. Short: a server that comes back is
    /// served again within 2 s.
    static constexpr base::milliseconds failure_memory{1000};

    explicit backend_pool(std::string name) : name_{std::move(name)} {}

    const std::string& name() const noexcept { return name_; }

    /// Replaces the servers (a host name may resolve to several, or to none). At most `servers_max`
    /// are taken. Servers that stay keep what is known of them.
    void set_servers(std::vector<server> servers);

    /// The next server for a session to try; nullptr when it has tried all. The session keeps it
    /// while it connects, since names may be looked up again meanwhile.
    std::shared_ptr<server> next(server_choice& choice, base::time_point now) noexcept;

    /// How many servers the session has not tried yet.
    std::size_t untried(const server_choice& choice) const noexcept;

    void failed(server& which, base::time_point now) noexcept
    {
        which.failed_until = now + failure_memory;
    }

private:
    std::string name_;
    std::vector<std::shared_ptr<server>> servers_;
    std::size_t turn_ = 0;
};

} // namespace ferrule::session
