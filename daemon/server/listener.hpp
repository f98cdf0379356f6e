// One listening socket of one worker: accepts, and turns each connection into a session.
#pragma once

#include "metrics/counters.hpp"
#include "net/deadline_wheel.hpp"
#include "net/listening_socket.hpp"
#include "session/session.hpp"

#include <memory>
#include <string>

namespace ferrule::server {

/// The worker, as its listeners see it.
class listener_owner {
public:
    virtual session::surroundings& around() noexcept = 0;
    virtual session::host& session_host() noexcept = 0;
    virtual bool is_full() const noexcept = 0; ///< `limits.sessions` is reached
    virtual void adopt(session::session& fresh) noexcept = 0;
    virtual void paused(metrics::listener_counters& counters, metrics::accept_pause why) = 0;
    virtual void went_on() noexcept = 0;

protected:
    ~listener_owner() = default;
};

class listener final : public net::wakeable {
public:
    /// `address` is how the configuration calls it. Throws std::system_error.
    listener(listener_owner& owner, std::string address, net::listening_socket socket);
    ~listener();

    const std::string& address() const noexcept { return address_; }
    const std::string& name() const noexcept { return profile_->listener; }

    /// What sessions accepted from now on get.
    void use(std::shared_ptr<const session::profile> profile);

    /// The same as before, but with this TLS context.
    void renew(std::shared_ptr<tls::context> tls);

    /// Accepts up to a few dozen connections; more wait for the next round.
    void run() override;

    /// Accepts whoever waits in the queue: closing the socket would reset them.
    void empty_queue();

    /// True if they would not be reset, but wait for whoever accepts next from the same queue.
    bool is_queue_held_by_others() const noexcept { return socket_.is_held_by_others(); }

    /// Tries again after a pause.
    void wake() { owner_.around().ready.push(*this); }

private:
    bool accept_one();
    void pause(metrics::accept_pause why);

    listener_owner& owner_;
    std::string address_;
    net::listening_socket socket_;
    net::readiness state_;
    net::deadline retry_;
    std::shared_ptr<const session::profile> profile_;
};

} // namespace ferrule::server
