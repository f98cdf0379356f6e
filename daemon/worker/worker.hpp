// One thread: its rounds, who gets in, its sessions. Workers share nothing that they write but how
// many sessions there are and were; the process talks to them by mail.
#pragma once

#include "log/session_log.hpp"
#include "worker/admission.hpp"
#include "worker/listener_setup.hpp"
#include "worker/mailbox.hpp"
#include "worker/rounds.hpp"
#include "worker/session_limit.hpp"
#include "worker/session_list.hpp"

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace ferrule::worker {

/// Everything that a (re)load gives to one worker.
struct worker_setup {
    std::vector<listener_setup> listeners;
    std::vector<std::shared_ptr<backends::backend_pool>> backends;
};

class worker final : public session::host {
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

    /// Takes a configuration. Listening sockets that it does not name are closed, after what
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
    void loop();
    void bury();
    void take(worker_setup setup);
    void begin_drain(base::milliseconds timeout, base::milliseconds spread);
    void report_if_drained();
    void end_all();
    void order_failed(const std::exception& error) noexcept;

    const int index_;
    log::session_log& log_;
    session_limit& limit_;

    rounds rounds_;
    mailbox mailbox_{rounds_.around().events,
                     [this](const std::exception& error) { order_failed(error); }};
    std::atomic<bool> is_stopping_ = false;

    live_sessions sessions_;
    live_sessions dead_; ///< ended; destroyed once nothing of this round can look at them
    admission admission_;
    std::vector<std::shared_ptr<backends::backend_pool>> backends_;

    bool draining_ = false;
    bool all_well_ = true; ///< of the sessions that ended while draining
    drained_callback drained_;
    std::mt19937 random_{std::random_device{}()};
    std::thread thread_;
};

} // namespace ferrule::worker
