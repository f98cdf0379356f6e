// A socket that accepts. One for each worker and address (SO_REUSEPORT), so that workers share
// nothing.
#pragma once

#include "net/address.hpp"
#include "net/descriptor.hpp"
#include "net/keepalive.hpp"

#include <sys/socket.h>

#include <cstdint>

namespace ferrule::net {

enum class accept_state : std::uint8_t {
    accepted,
    empty,       ///< nobody waits
    gone,        ///< the connection ended in the queue; go on
    descriptors, ///< EMFILE, ENFILE: none are left
    memory,      ///< ENOBUFS, ENOMEM
};

struct accepted_socket {
    accept_state state = accept_state::empty;
    descriptor socket; ///< non-blocking; options are inherited from the listener
    client_address from;
};

class listening_socket {
public:
    /// Binds and listens. `when` is inherited by what is accepted. A Unix socket's file
    /// that nobody listens on any more is replaced. Throws std::system_error that names the
    /// address.
    listening_socket(const address& where, int backlog, const keepalive& when);

    /// Shares a socket that somebody else has bound and goes on to hold, such as systemd: whoever
    /// waits in its queue when we close ours stays there, for whoever accepts next. Duplicates
    /// `passed`. Throws std::system_error if that is no listening stream socket.
    static listening_socket share(int passed, const keepalive& when);

    ~listening_socket();
    listening_socket(listening_socket&&) noexcept = default;
    listening_socket& operator=(listening_socket&&) = delete;

    accepted_socket accept() noexcept;

    /// Where it is bound (with the port that the kernel chose).
    const address& where() const noexcept { return where_; }
    int native() const noexcept { return socket_.get(); }

    /// True if others hold the queue of waiting connections as well: closing ours resets nobody.
    bool is_held_by_others() const noexcept { return is_shared_; }

    /// Another socket on the same address for another worker: a second SO_REUSEPORT socket for TCP,
    /// the same open socket for Unix (it has no SO_REUSEPORT) and for one that was shared with us.
    listening_socket for_another_worker() const;

private:
    listening_socket() = default;

    descriptor socket_;
    address where_;
    int backlog_ = 0;
    keepalive keepalive_;
    bool owns_path_ = false;
    bool is_shared_ = false;
};

} // namespace ferrule::net
