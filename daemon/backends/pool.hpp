// The servers of one backend, as one worker sees them: taken in turn, the next one when a connect
// fails, and one that has failed last, until a try of it succeeds.
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

namespace ferrule::backends {

struct server {
    std::string text; ///< as configured
    net::address where;
    metrics::server_counters* counters = nullptr;
    /// The kernel may give its port to a connection of ours, so that while it is down we connect to
    /// ourselves. Asked for each connection where it is true.
    bool has_local_port = false;

    // What is known of it
    unsigned failures = 0;           ///< tries that failed since one succeeded
    base::time_point failed_until{}; ///< it is tried last until then
    bool is_probed = false;          ///< one session tries it again
};

/// One session's way through the servers.
struct server_choice {
    std::uint64_t tried = 0; ///< a bit for each server
    std::size_t start = 0;
    bool started = false;
};

/// One session's try of one server, from the choice to its result: tell `succeeded` or `failed`. A
/// try that is forgotten without (the client has left) says nothing of the server. It keeps the
/// server alive, since names may be looked up again meanwhile.
class attempt {
public:
    attempt() = default;
    attempt(std::shared_ptr<server> which, bool is_last_resort) noexcept;
    attempt(attempt&& from) noexcept = default;
    attempt& operator=(attempt&& from) noexcept;
    ~attempt() { give_back(); }
    attempt(const attempt&) = delete;
    attempt& operator=(const attempt&) = delete;

    explicit operator bool() const noexcept { return server_ != nullptr; }
    const server* operator->() const noexcept { return server_.get(); }

    /// Counts the connect, which took `how_long` with all tries before it.
    void succeeded(base::time_point::duration how_long) noexcept;

    /// Counts the failure, and remembers it unless it is known already: of many tries that began
    /// together only the first to fail is news, and one that was made for want of a better server
    /// tells nothing new.
    void failed(base::time_point now) noexcept;

private:
    void give_back() noexcept;

    std::shared_ptr<server> server_;
    unsigned failures_ = 0; ///< what was known when it began
    bool is_last_resort_ = false;
    bool is_probe_ = false;
};

class backend_pool {
public:
    static constexpr std::size_t servers_max = 64;

    /// How long a server is tried last: after the first failure, then twice as long after each
    /// probe that fails, up to the most. All that have failed are tried nevertheless where no other
    /// is left, so that none is ever waited for.
    static constexpr base::milliseconds first_memory{1000};
    static constexpr base::milliseconds longest_memory{30'000};

    explicit backend_pool(std::string name) : name_{std::move(name)} {}

    const std::string& name() const noexcept { return name_; }

    /// Replaces the servers (a host name may resolve to several, or to none). At most `servers_max`
    /// are taken. Servers that stay keep what is known of them.
    void set_servers(std::vector<server> servers);

    /// The next server for a session to try; none when it has tried all. First those that serve, as
    /// far as is known, and those whose failure lies long enough back; of each of these only one
    /// session at a time is given a try. Then all others.
    attempt next(server_choice& choice, base::time_point now) noexcept;

    /// How many servers the session has not tried yet.
    std::size_t untried(const server_choice& choice) const noexcept;

    std::size_t size() const noexcept { return servers_.size(); }

private:
    std::string name_;
    std::vector<std::shared_ptr<server>> servers_;
    std::size_t turn_ = 0;
};

} // namespace ferrule::backends
