// One thread, one event loop, its own listening sockets and sessions. Workers share nothing that
// they write but how many sessions there are and were; the process talks to them by posting.
#pragma once

#include "log/session_log.hpp"
#include "worker/attendance.hpp"
#include "worker/listener.hpp"
#include "worker/mailbox.hpp"
#include "worker/session_limit.hpp"
#include "worker/session_list.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace ferrule::worker {

/// A listener as a worker is told of it. Sockets that the worker has already (by their configured
/// address) stay open, unless a fresh one comes for the same address; fresh ones listen.
struct listener_setup {
    struct fresh_socket {
        std::string address;
        net::listening_socket socket;
    };
    std::shared_ptr<const session::profile> profile;
    std::vector<std::string> addresses; ///< as configured
    std::vector<fresh_socket> fresh;

    /// True if what is open at this address is to stay.
    bool keeps(const std::string& address) const
    {
        return std::ranges::find(addresses, address) != addresses.end() &&
               std::ranges::find(fresh, address, &fresh_socket::address) == fresh.end();
    }
};

/// Everything that a (re)load gives to one worker.
struct worker_setup {
    std::vector<listener_setup> listeners;
    std::vector<std::shared_ptr<backends::backend_pool>> backends;
};

class worker final : public session::host, private listener_owner {
public:
    /// Called on the worker's thread. `all_well`: the drain has cut no session, and none that ended
    /// meanwhile has lost a byte or leaves one unconfirmed.
    using drained_callback = std::function<void(bool all_well)>;

    /// Throws std::system_error. All that is given must outlive the worker.
    worker(int index, log::session_log& log, metrics::process_state& process, session_limit& limit);
    ~worker();
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;

    /// Learns of the others, before any of them starts. None is destroyed before all are stopped.
    void meet(const std::vector<std::unique_ptr<worker>>& all);

    void start();

    // The following may be called from any thread; each is carried out on the worker's.

    /// Takes a configuration. Listening sockets that it does not name are closed, after whoever
    /// waits in their queues has been accepted.
    void apply(worker_setup setup);

    /// Replaces the servers of the backend with this name.
    void set_servers(std::string backend, std::vector<backends::server> servers);

    /// Gives new sessions of the listener with this name another TLS context.
    void renew(std::string listener, std::shared_ptr<tls::context> tls);

    /// Stops accepting and lets the sessions end: quiet ones are asked to, spread over the first
    /// `spread` of `timeout`; the rest is cut at its end. `done` is called once, when none is left.
    void drain(base::milliseconds timeout, base::milliseconds spread, drained_callback done);

    /// Calls `answer` on the worker's thread, as soon as that has a turn for it.
    void ask(std::function<void()> answer);

    /// Gives what fits to `done`, on the worker's thread: up to `most`, the oldest of them.
    void list(session_filter which, std::size_t most, std::function<void(session_list)> done);

    /// Ends what fits with the cause `killed`, told as `on_proxy_end` says, and gives the ids to
    /// `done`, on the worker's thread.
    void kill(session_filter which, std::function<void(std::vector<std::uint64_t>)> done);

    /// Resets and reports what is left, ends the thread, and joins it. Not on the worker's thread.
    void stop();

    // session::host
    void ended(session::session& which, const record::ended_session& told) override;
    std::uint64_t next_session_id() noexcept override;

private:
    using sessions = boost::intrusive::list<
        session::session,
        boost::intrusive::member_hook<session::session, session::session::list_hook,
                                      &session::session::siblings>,
        boost::intrusive::constant_time_size<false>>;

    // listener_owner
    session::surroundings& around() noexcept override { return around_; }
    session::host& session_host() noexcept override { return *this; }
    bool take_place() noexcept override;
    void give_back_place() noexcept override;
    void adopt(session::session& fresh) noexcept override;
    void paused(metrics::listener_counters& counters, metrics::accept_pause why) override;
    void went_on() noexcept override { paused_ = false; }
    void failing(const listener& which, int error) noexcept override;
    metrics::process_state& process() noexcept override { return process_; }

    // worker_places.cpp
    void wake_listeners();
    bool make_room() noexcept;
    void ask_for_room() noexcept;

    void loop();
    void round();
    base::milliseconds time_to_wait(base::time_point now) const noexcept;
    bool is_deadline_due(base::time_point now) const noexcept;
    void bury();
    void take(worker_setup setup);
    void begin_drain(base::milliseconds timeout, base::milliseconds spread);
    void report_if_drained();
    void end_all();
    void order_failed(const std::exception& error) noexcept;

    const int index_;
    log::session_log& log_;
    metrics::process_state& process_;
    session_limit& limit_;
    std::vector<worker*> others_;

    net::ready_queue ready_;
    net::event_set events_{ready_};
    net::deadline_wheel wheel_{base::clock::now(), ready_};
    session::surroundings around_{events_, ready_, wheel_};
    attendance attendance_{base::clock::now()};
    mailbox mailbox_{events_, [this](const std::exception& error) { order_failed(error); }};
    std::atomic<bool> is_stopping_ = false;

    std::vector<std::unique_ptr<listener>> listeners_;
    std::vector<std::shared_ptr<backends::backend_pool>> backends_;
    sessions sessions_;
    sessions dead_; ///< ended; destroyed once nothing of this round can look at them
    /// Those that may still be in their handshake, oldest first, and others that have not left yet.
    boost::intrusive::list<
        session::session,
        boost::intrusive::member_hook<session::session, session::session::list_hook,
                                      &session::session::newcomers>,
        boost::intrusive::constant_time_size<false>>
        newcomers_;

    std::atomic<bool> wants_place_{false};
    std::optional<base::time_point> asked_at_; ///< the others, for room

    bool paused_ = false;
    std::optional<base::time_point> pause_logged_at_;
    std::optional<base::time_point> failure_logged_at_;
    bool is_failure_told_ = false; ///< so that its end is told, too

    bool draining_ = false;
    bool all_well_ = true; ///< of the sessions that ended while draining
    drained_callback drained_;
    std::mt19937 random_{std::random_device{}()};
    std::thread thread_;
};

} // namespace ferrule::worker
