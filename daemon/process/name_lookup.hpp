// The names of backends are looked up on a thread of their own: getaddrinfo(3) may take many
// seconds and has no timeout, and signals, commands and drains do not wait for it.
#pragma once

#include "backends/resolve.hpp"
#include "config/settings.hpp"
#include "log/session_log.hpp"
#include "process/main_loop.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ferrule::process {

/// Main thread only.
class name_lookup {
public:
    using backends_list = std::vector<config::backend_settings>;

    /// Looks the servers up, on whatever thread it is called. It may throw, and take its time.
    using resolver = std::function<backends::lookups(const backends_list& backends)>;

    /// Takes what was found; or what went wrong, if `trouble` is not empty.
    using taker = std::function<void(const backends::lookups& found, const std::string& trouble)>;

    /// How often names are looked up again.
    static constexpr base::seconds interval{10};

    /// `loop` and `log` must outlive it.
    name_lookup(main_loop& loop, log::session_log& log,
                resolver resolve = backends::resolve_servers);

    /// Does not wait for a lookup under way: what that finds is dropped.
    ~name_lookup();
    name_lookup(const name_lookup&) = delete;
    name_lookup& operator=(const name_lookup&) = delete;

    /// Gives what was found to `take`, later; at once if nothing of it takes time. Throws if there
    /// can be no thread for it.
    void look_up(backends_list backends, taker take);

    /// Looks up again and again, first after an interval: those of the backends that `wanted` gives
    /// by then which have names. What is found goes to `take`; trouble is logged.
    void keep_looking(std::function<backends_list()> wanted,
                      std::function<void(const backends::lookups& found)> take);

    /// Ends that. A lookup under way is still taken up.
    void stop();

private:
    struct inbox;

    void look_later();
    void look_again();

    main_loop& loop_;
    log::session_log& log_;
    resolver resolve_;
    std::unique_ptr<timer> timer_;
    std::shared_ptr<inbox> inbox_; ///< how a lookup that outlives this finds out
    std::function<backends_list()> wanted_;
    std::function<void(const backends::lookups& found)> take_;
    bool is_stopped_ = false;
};

} // namespace ferrule::process
