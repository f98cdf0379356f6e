// One listening socket of one worker: accepts, and turns each connection into a session.
#pragma once

#include "metrics/registry.hpp"
#include "net/deadline_wheel.hpp"
#include "net/listening_socket.hpp"
#include "session/session.hpp"

#include <memory>
#include <string>

namespace ferrule::worker {

class listener;

/// The worker, as its listeners see it.
class listener_owner {
public:
    virtual session::surroundings& around() noexcept = 0;
    virtual session::host& session_host() noexcept = 0;

    /// A place for a session that is not there yet; false if `limits.sessions` is reached.
    virtual bool take_place() noexcept = 0;
    virtual void give_back_place() noexcept = 0; ///< one for which no session was adopted
    virtual void adopt(session::session& fresh) noexcept = 0;
    virtual void paused(metrics::listener_counters& counters, metrics::accept_pause why) = 0;
    virtual void went_on() noexcept = 0;

    /// The listener cannot accept (`error`: errno), or can again (0). Told at each change.
    virtual void failing(const listener& which, int error) noexcept = 0;
    virtual metrics::process_state& process() noexcept = 0;

protected:
    ~listener_owner() = default;
};

class listener final : public net::wakeable {
public:
    /// `address` is how the configuration calls it. `use` follows before anything else.
    listener(listener_owner& owner, std::string address, net::listening_socket socket);
    ~listener();

    const std::string& address() const noexcept { return address_; }
    const std::string& name() const noexcept { return profile_->listener; }
    const net::address& where() const noexcept { return socket_.where(); }

    /// What sessions accepted from now on get. At the first time it begins to accept.
    void use(std::shared_ptr<const session::profile> profile);

    /// The same as before, but with this TLS context.
    void renew(std::shared_ptr<tls::context> tls);

    /// Accepts up to a few dozen connections; more wait for the next round.
    void run() override;

    /// Accepts whoever waits in the queue, once: closing the socket would reset them.
    void empty_queue();

    /// True if they would not be reset, but wait for whoever accepts next from the same queue.
    bool is_queue_held_by_others() const noexcept { return socket_.is_held_by_others(); }

    /// Tries again after a pause.
    void wake() { owner_.around().ready.push(*this); }

private:
    bool accept_one();
    bool watch();
    void pause(metrics::accept_pause why);
    void fail(int error);
    void works();

    listener_owner& owner_;
    std::string address_;
    net::listening_socket socket_;
    net::readiness state_;
    net::deadline retry_;
    bool is_watched_ = false; ///< the event set has it
    bool is_failing_ = false;
    base::milliseconds retry_in_{0}; ///< while failing: grows
    int gone_in_a_row_ = 0;
    std::shared_ptr<const session::profile> profile_;
};

} // namespace ferrule::worker
