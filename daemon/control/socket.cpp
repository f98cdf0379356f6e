#include "control/socket.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <exception>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

namespace ferrule::control {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t request_bytes_max = 64 * 1024;
constexpr base::seconds request_timeout{10};
constexpr base::seconds answer_timeout{60}; ///< for a reader that takes nothing
constexpr base::seconds linger_timeout{2};
constexpr base::milliseconds accept_retry{200};
constexpr int backlog = 32;

net::listening_socket listen(const config::control_settings& settings)
{
    const auto where = net::address::unix_socket(settings.path);
    if (!where.has_value())
        throw std::system_error(ENAMETOOLONG, std::generic_category(), settings.path);
    // The mode a socket's file is made with is what umask(2) leaves.
    const mode_t before = umask(0777 & ~settings.mode);
    try {
        net::listening_socket made{*where, backlog, net::keepalive_below(base::off)};
        umask(before);
        return made;
    } catch (...) {
        umask(before);
        throw;
    }
}

std::string peer_of(int socket)
{
    ucred who{};
    socklen_t size = sizeof(who);
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0)
        return "somebody";
    return "uid=" + std::to_string(who.uid) + " pid=" + std::to_string(who.pid);
}

/// Lives as long as something of it is pending.
class connection : public std::enable_shared_from_this<connection> {
public:
    connection(asio::io_context& io, net::descriptor accepted, const control_handler& handle)
        : handle_{handle}, deadline_{io}, socket_{io}
    {
        from_ = peer_of(accepted.get());
        socket_.assign(asio::local::stream_protocol{}, accepted.release());
    }

    void start()
    {
        close_after(request_timeout);
        asio::async_read_until(socket_, asio::dynamic_buffer(line_, request_bytes_max), '\n',
                               [self = shared_from_this()](error_code error, std::size_t size) {
                                   if (!error)
                                       self->take(size);
                                   else if (error != asio::error::operation_aborted)
                                       self->refuse("the request is no line of JSON");
                               });
    }

private:
    void take(std::size_t size)
    {
        error_code error;
        const boost::json::value said = boost::json::parse(line_.substr(0, size), error);
        if (error || !said.is_object())
            return refuse("the request is no JSON object");
        deadline_.cancel(); // a reload may wait for a name server
        handle_({said.get_object(), from_}, [self = shared_from_this()](boost::json::object told) {
            self->answer(std::move(told));
        });
    }

    void refuse(const char* why) { answer({{"ok", false}, {"error", why}}); }

    /// Only the first answer counts: what fails behind it has been answered already.
    void answer(boost::json::object told)
    {
        if (std::exchange(is_answered_, true))
            return;
        wire_ = boost::json::serialize(told) + "\n";
        close_after(answer_timeout);
        asio::async_write(socket_, asio::buffer(wire_),
                          [self = shared_from_this()](error_code, std::size_t) { self->linger(); });
    }

    /// To close a socket with unread input resets it, and the reset destroys the answer.
    void linger()
    {
        error_code ignored;
        socket_.shutdown(asio::socket_base::shutdown_send, ignored);
        close_after(linger_timeout);
        discard();
    }

    void discard()
    {
        socket_.async_read_some(asio::buffer(discarded_),
                                [self = shared_from_this()](error_code error, std::size_t) {
                                    if (!error)
                                        return self->discard();
                                    error_code ignored;
                                    self->deadline_.cancel();
                                    self->socket_.close(ignored);
                                });
    }

    void close_after(base::milliseconds duration)
    {
        deadline_.expires_after(duration);
        deadline_.async_wait([weak = weak_from_this()](error_code error) {
            const auto self = weak.lock();
            error_code ignored;
            if (self && !error)
                self->socket_.close(ignored);
        });
    }

    const control_handler& handle_;
    std::string from_;
    asio::steady_timer deadline_;
    asio::local::stream_protocol::socket socket_;
    std::string line_;
    bool is_answered_ = false;
    std::string wire_;
    std::array<char, 4096> discarded_{};
};

} // namespace

control_socket::control_socket(asio::io_context& io, const config::control_settings& settings,
                               control_handler handle)
    : io_{io},
      handle_{std::move(handle)},
      socket_{listen(settings)},
      watched_{io, socket_.native()},
      retry_{io}
{
    accept();
}

control_socket::~control_socket()
{
    watched_.release(); // the listening socket owns it
}

void control_socket::accept()
{
    watched_.async_wait(asio::posix::stream_descriptor::wait_read, [this](error_code error) {
        if (!error)
            accept_all();
    });
}

void control_socket::accept_all()
{
    for (;;) {
        net::accepted_socket accepted = socket_.accept();
        switch (accepted.state) {
        case net::accept_state::accepted:
            try {
                std::make_shared<connection>(io_, std::move(accepted.socket), handle_)->start();
            } catch (const std::exception&) {
                // No memory, or no place in Asio's set of sockets: this one is closed.
            }
            break;
        case net::accept_state::gone: break;
        case net::accept_state::empty: return accept();
        case net::accept_state::descriptors:
        case net::accept_state::memory:
        case net::accept_state::failed:
            // It waits in the queue; asking again at once would spin.
            retry_.expires_after(accept_retry);
            retry_.async_wait([this](error_code error) {
                if (!error)
                    accept_all();
            });
            return;
        }
    }
}

} // namespace ferrule::control
