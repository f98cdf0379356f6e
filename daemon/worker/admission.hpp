// Who gets in: a worker's listeners, and places for their sessions.
#pragma once

#include "worker/accept_news.hpp"
#include "worker/listener.hpp"
#include "worker/listener_setup.hpp"
#include "worker/mailbox.hpp"
#include "worker/session_limit.hpp"
#include "worker/session_list.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ferrule::worker {

/// On its worker's thread, but for what another worker's admission asks of it by mail.
class admission final : public listener_owner {
public:
    /// What a worker lends to it; all of it outlives it.
    struct means {
        session::surroundings& around;
        session::host& host;
        mailbox& mail; ///< of the same worker
        live_sessions& sessions;
        session_limit& limit;
        metrics::process_state& process;
    };

    admission(const means& lent, accept_news news) noexcept;
    ~admission();

    /// Learns of the other workers', before any of them runs.
    void meet(std::vector<admission*> others) { others_ = std::move(others); }

    /// Takes a configuration. Listening sockets that it does not name are closed, after whatever
    /// waits in their queues has been accepted.
    void use(std::vector<listener_setup> setups);

    /// Gives new sessions of the listener with this name another TLS context.
    void renew(const std::string& listener, const std::shared_ptr<tls::context>& tls);

    /// Accepts what would be reset with the listening sockets, and closes them.
    void accept_the_last();

    /// Closes them.
    void close() noexcept { listeners_.clear(); }

    /// Listeners that pause try again: a place is free.
    void wake_listeners();

    // listener_owner
    session::surroundings& around() noexcept override { return lent_.around; }
    session::host& session_host() noexcept override { return lent_.host; }
    bool take_place() noexcept override;
    void give_back_place() noexcept override;
    void adopt(session::session& fresh) noexcept override;
    void paused(metrics::listener_counters& counters, metrics::accept_pause why) override;
    void went_on() noexcept override { news_.went_on(); }
    void failing(const listener& which, int error) noexcept override;
    metrics::process_state& process() noexcept override { return lent_.process; }

private:
    bool make_room() noexcept;
    void ask_for_room() noexcept;

    means lent_;
    accept_news news_;
    std::vector<admission*> others_;
    std::vector<std::unique_ptr<listener>> listeners_;
    /// Those that may still be in their handshake, oldest first, and others that have not left yet.
    newcomers newcomers_;
    std::atomic<bool> wants_place_{false};
    std::optional<base::time_point> asked_at_; ///< the others, for room
};

} // namespace ferrule::worker
