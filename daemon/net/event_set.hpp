// The worker's set of sockets: one epoll set, edge-triggered, each socket registered once.
//
// The worker waits in it, and nowhere else. An event only sets bits in the socket's `readiness` and
// wakes its owner; the owner acts on its turn. So no event can meet a socket that an earlier event
// of the same batch has released.
#pragma once

#include "base/time.hpp"
#include "net/descriptor.hpp"
#include "net/wakeable.hpp"

#include <sys/epoll.h>

#include <cstdint>

namespace ferrule::net {

/// What is known of a socket between two edges: a bit stays set until a system call shows
/// otherwise.
struct readiness {
    bool readable = false;
    bool writable = false;
    bool hung_up =
        false; ///< the peer has sent FIN or RST: read on to the end even after a short read
    bool urgent = false; ///< the peer has sent urgent data: a read ends in front of it, so read on
                         ///< after a short read as well
    bool failed = false; ///< the kernel holds an error for this socket (RST, timeout)
    wakeable* owner = nullptr;
};

/// What a look at the events has shown.
enum class collected : std::uint8_t {
    nothing,
    events,
    interrupted, ///< the wait was cut short by a signal, or because the process had been stopped;
                 ///< whatever had come by then is collected all the same
};

class event_set {
public:
    static constexpr base::milliseconds forever{-1};

    /// Throws std::system_error.
    explicit event_set(ready_queue& queue);

    /// Registers a descriptor for reading, writing and hang-up. `state` must stay where it is until
    /// the descriptor is closed (closing takes it out of the set). 0, or errno.
    int add(int descriptor, readiness& state) noexcept;

    /// Takes a descriptor out that lives on.
    void remove(int descriptor) noexcept;

    /// Collects all events that are there: sets bits, wakes owners. If there are none, waits for
    /// the first, `at_most` as long. An edge is told once, so that even many are soon collected.
    collected collect(base::milliseconds at_most = base::milliseconds{0}) noexcept;

    /// For waiting on: readable whenever `collect` would find something.
    int native() const noexcept { return epoll_.get(); }

private:
    void take(const epoll_event& event) noexcept;

    descriptor epoll_;
    ready_queue& queue_;
};

} // namespace ferrule::net
