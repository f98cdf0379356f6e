// The Unix socket on which an operator's commands come in: one request and one answer for each
// connection, each a JSON object (RFC 8259) on one line.
#pragma once

#include "base/json.hpp"
#include "config/settings.hpp"
#include "net/listening_socket.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <functional>
#include <string>

namespace ferrule::control {

struct control_request {
    boost::json::object said;
    std::string from; ///< who asks, for the log: "uid=0 pid=17"
};

/// Takes one answer, at once or later, on the thread of the control socket.
using control_answer = std::function<void(boost::json::object)>;

using control_handler = std::function<void(const control_request&, control_answer)>;

class control_socket {
public:
    /// Binds and listens; the file gets its mode before anybody can connect. Who may connect may
    /// do everything. Throws std::system_error that names the path. All that follows happens on
    /// `io`'s thread; `io` must outlive it.
    control_socket(boost::asio::io_context& io, const config::control_settings& settings,
                   control_handler handle);

    /// Removes the file. Requests under way end with `io`.
    ~control_socket();
    control_socket(const control_socket&) = delete;
    control_socket& operator=(const control_socket&) = delete;

private:
    void accept();
    void accept_all();

    boost::asio::io_context& io_;
    control_handler handle_;
    net::listening_socket socket_;
    boost::asio::posix::stream_descriptor watched_;
    boost::asio::steady_timer retry_;
};

} // namespace ferrule::control
