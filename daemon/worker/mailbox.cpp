#include "worker/mailbox.hpp"

#include <sys/eventfd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace ferrule::worker {

mailbox::mailbox(net::event_set& events, failure_handler failed)
    : failed_{std::move(failed)}, bell_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)}
{
    if (!bell_.is_open())
        throw std::system_error(errno, std::generic_category(), "eventfd");
    state_.owner = this;
    if (const int error = events.add(bell_.get(), state_); error != 0)
        throw std::system_error(error, std::generic_category(), "cannot watch an eventfd");
}

/// Each write is a new edge, so nobody has to read the counter.
void mailbox::ring() noexcept
{
    if (!is_rung_.exchange(true))
        eventfd_write(bell_.get(), 1);
}

void mailbox::run()
{
    is_rung_ = false; // before looking: what comes from now on rings again
    queue_.restart();
    for (;;) {
        try {
            queue_.poll();
            return;
        } catch (const std::exception& error) {
            failed_(error);
        }
    }
}

} // namespace ferrule::worker
