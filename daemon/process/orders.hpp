// What an operator can order through the control socket (`ferrule ctl`). docs/operations.md lists
// the requests and their answers.
#pragma once

#include "config/settings.hpp"
#include "control/socket.hpp"
#include "log/session_log.hpp"
#include "metrics/registry.hpp"
#include "process/reload.hpp"
#include "process/worker_pool.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <optional>

namespace ferrule::process {

/// Main thread only.
class orders {
public:
    /// What the process does upon an order.
    struct powers {
        std::function<void(reload::answer tell)> reload;
        std::function<void()> drain; ///< begins one, or lets it go on
        /// How long until a drain cuts what is left; nullopt if there is no drain.
        std::function<std::optional<base::milliseconds>()> cut_in;
    };

    /// `settings` are those in force: an order may change the log's level in them. All that is
    /// given must outlive it.
    orders(config::settings& settings, worker_pool& workers, metrics::registry& numbers,
           log::session_log& log, powers use);

    /// Opens the control socket, if there is to be one. Throws std::system_error that names it.
    void open(boost::asio::io_context& io);

    /// Does what a request says, and answers it once, at once or later. Throws std::exception if it
    /// could not be done for want of memory or the like, without an answer.
    void obey(const control::control_request& request, const control::control_answer& answer);

private:
    void reload(const control::control_answer& answer);
    void drain(const control::control_answer& answer);
    void list_sessions(const control::control_request& request,
                       const control::control_answer& answer);
    void kill_sessions(const control::control_request& request,
                       const control::control_answer& answer);
    void change_log_level(const control::control_request& request,
                          const control::control_answer& answer);

    config::settings& settings_;
    worker_pool& workers_;
    metrics::registry& numbers_;
    log::session_log& log_;
    powers use_;
    std::unique_ptr<control::control_socket> socket_;
};

} // namespace ferrule::process
