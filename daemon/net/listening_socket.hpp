// A socket that accepts. One for each worker and address (SO_REUSEPORT), so that workers share
// nothing.
#pragma once

#include "net/address.hpp"
#include "net/descriptor.hpp"
#include "net/keepalive.hpp"

#include <sys/socket.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace ferrule::net {

enum class accept_state : std::uint8_t {
    accepted,
    empty,       ///< nobody waits
    gone,        ///< the connection ended in the queue, or is refused to us; go on
    descriptors, ///< EMFILE, ENFILE: none are left
    memory,      ///< ENOBUFS, ENOMEM
    failed,      ///< the listening socket itself cannot accept: asking again at once would spin
};

struct accepted_socket {
    accept_state state = accept_state::empty;
    descriptor socket; ///< non-blocking; armed (net/socket.hpp); options are the listener's
    client_address from;
    int error = 0; ///< errno, if nothing was accepted
};

/// Which file a path stands for. It is another one if it was removed and made again.
struct file_identity {
    dev_t device = 0;
    ino_t inode = 0;

    /// nullopt if there is none.
    static std::optional<file_identity> of(const char* path) noexcept;
    friend bool operator==(const file_identity&, const file_identity&) = default;
};

/// Whether a port may be one on which others of us listen already.
enum class port_use : std::uint8_t {
    alone,  ///< another process that listens there, a second Ferrule too, makes it fail
    shared, ///< (SO_REUSEPORT) with sockets of the same user
};

class listening_socket {
public:
    /// Binds and listens. Nobody else can bind there; `for_another_worker` can. Otherwise as
    /// `bound`.
    listening_socket(const address& where, int backlog, const keepalive& when);

    /// Binds; connections are refused until `listen`. `when` is inherited by what is accepted. A
    /// Unix socket's file that nobody listens on any more is replaced. Throws std::system_error
    /// that names the address.
    static listening_socket bound(const address& where, int backlog, const keepalive& when,
                                  port_use use);

    /// Listens, and lets other workers listen there from now on. Does nothing for a socket that was
    /// passed on. Throws std::system_error that names the address: only now it is certain that
    /// nobody else listens there.
    void listen();

    /// Shares a socket that somebody else has bound and goes on to hold, such as systemd: whoever
    /// waits in its queue when we close ours stays there, for whoever accepts next. It may be
    /// another program, so the passed socket is not armed, but each that we accept from it.
    /// Duplicates `passed`. Throws std::system_error if that is no listening stream socket.
    static listening_socket share(int passed, const keepalive& when);

    ~listening_socket();
    listening_socket(listening_socket&&) noexcept = default;
    listening_socket& operator=(listening_socket&&) = delete;

    accepted_socket accept() noexcept;

    /// Where it is bound (with the port that the kernel chose).
    const address& where() const noexcept { return where_; }
    int native() const noexcept { return socket_.get(); }

    /// How many may wait in the queue, as far as we know. The kernel may have set less.
    int backlog() const noexcept { return backlog_; }

    /// True if others hold the queue of waiting connections as well: closing ours resets nobody.
    bool is_held_by_others() const noexcept { return is_shared_; }

    /// The file of a Unix socket that we have bound.
    const std::optional<file_identity>& file() const noexcept { return file_; }

    /// Another socket on the same address for another worker, of one that listens: a second
    /// SO_REUSEPORT socket for TCP, the same open socket for Unix (it has no SO_REUSEPORT) and for
    /// one that was shared with us.
    listening_socket for_another_worker() const;

private:
    listening_socket() = default;

    descriptor socket_;
    address where_;
    int backlog_ = SOMAXCONN; ///< of a socket that was passed on, whoever made it knows
    keepalive keepalive_;
    std::optional<file_identity> file_; ///< to be removed at the end, if it is still the same
    bool is_shared_ = false;
};

} // namespace ferrule::net
