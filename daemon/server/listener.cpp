#include "server/listener.hpp"

#include "net/socket.hpp"

#include <new>
#include <system_error>
#include <utility>

namespace ferrule::server {

namespace {

/// How many connections are accepted in a turn, so that a storm of them does not starve sessions.
constexpr int accepts_max = 64;

/// Nothing tells when descriptors or memory are free again: accepting is tried again when a session
/// has ended, or after this.
constexpr base::milliseconds pause_length{100};

} // namespace

listener::listener(listener_owner& owner, std::string address, net::listening_socket socket)
    : owner_{owner}, address_{std::move(address)}, socket_{std::move(socket)}, retry_{*this}
{
    state_.owner = this;
    if (const int error = owner_.around().events.add(socket_.native(), state_); error != 0)
        throw std::system_error(error, std::generic_category(),
                                "cannot watch " + socket_.where().text());
}

listener::~listener()
{
    // A Unix socket is shared by the workers: closing one descriptor does not take it out of the
    // set.
    owner_.around().events.remove(socket_.native());
}

void listener::use(std::shared_ptr<const session::profile> profile)
{
    if (!socket_.where().is_unix())
        net::socket::set_stream_options(socket_.native(),
                                        session::client_keepalive(profile->timeouts));
    profile_ = std::move(profile);
}

void listener::renew(std::shared_ptr<tls::context> tls)
{
    auto renewed = std::make_shared<session::profile>(*profile_);
    renewed->tls = std::move(tls);
    profile_ = std::move(renewed);
}

void listener::run()
{
    for (int i = 0; i < accepts_max; ++i) {
        if (!accept_one())
            return;
    }
    wake();
}

void listener::empty_queue()
{
    while (accept_one()) {
    }
}

/// True if there may be more.
bool listener::accept_one()
{
    if (owner_.is_full()) {
        pause(metrics::accept_pause::sessions);
        return false;
    }
    net::accepted_socket accepted = socket_.accept();
    switch (accepted.state) {
    case net::accept_state::accepted: break;
    case net::accept_state::empty: owner_.went_on(); return false;
    case net::accept_state::gone: profile_->counters->accept_errors.add(); return true;
    case net::accept_state::descriptors: pause(metrics::accept_pause::descriptors); return false;
    case net::accept_state::memory: pause(metrics::accept_pause::memory); return false;
    }
    std::unique_ptr<session::session> fresh{new (std::nothrow) session::session{
        profile_, owner_.around(), owner_.session_host(), accepted.from}};
    if (fresh == nullptr || !fresh->start(std::move(accepted.socket), socket_.where().is_unix())) {
        pause(metrics::accept_pause::memory);
        return false;
    }
    owner_.adopt(*fresh.release());
    return true;
}

void listener::pause(metrics::accept_pause why)
{
    owner_.paused(*profile_->counters, why);
    owner_.around().wheel.set(retry_, owner_.around().now + pause_length);
}

} // namespace ferrule::server
