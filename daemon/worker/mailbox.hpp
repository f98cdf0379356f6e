// How other threads have something done on a worker's thread.
#pragma once

#include "net/descriptor.hpp"
#include "net/event_set.hpp"
#include "net/wakeable.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <exception>
#include <functional>
#include <utility>

namespace ferrule::worker {

/// A queue of functions, which are run in the order in which they came, when the mailbox has its
/// turn. Asio's io_context is the queue; the thread never waits in it. It waits in the event set
/// alone, which an eventfd(2) wakes, so that a session's path has no call of Asio's.
class mailbox final : public net::wakeable {
public:
    /// Told what a function threw; those behind it are still run.
    using failure_handler = std::function<void(const std::exception& error)>;

    /// Throws std::system_error. `events` must outlive it.
    mailbox(net::event_set& events, failure_handler failed);

    /// Any thread. Throws std::bad_alloc.
    template <typename Function>
    void post(Function what)
    {
        boost::asio::post(queue_, std::move(what));
        ring();
    }

    void run() override;

    /// Gives the mailbox a turn, on its own thread, though nothing may be in it. Any thread.
    void ring() noexcept;

private:
    const failure_handler failed_;
    boost::asio::io_context queue_;
    net::descriptor bell_;
    net::readiness state_{};
    std::atomic<bool> is_rung_{false};
};

} // namespace ferrule::worker
