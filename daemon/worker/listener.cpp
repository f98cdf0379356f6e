#include "worker/listener.hpp"

#include "net/socket.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace ferrule::worker {

namespace {

/// How many connections are accepted in a turn, so that a storm of them does not starve sessions.
constexpr int accepts_max = 64;

/// Nothing tells when descriptors or memory are free again: accepting is tried again when a session
/// has ended, or after this.
constexpr base::milliseconds pause_length{100};

/// A listener that cannot accept is tried again ever more seldom.
constexpr base::milliseconds retry_max{5000};

} // namespace

listener::listener(listener_owner& owner, std::string address, net::listening_socket socket)
    : owner_{owner}, address_{std::move(address)}, socket_{std::move(socket)}, retry_{*this}
{
    state_.owner = this;
}

listener::~listener()
{
    // A Unix socket is shared by the workers: closing one descriptor does not take it out of the
    // set.
    if (is_watched_)
        owner_.around().events.remove(socket_.native());
    if (is_failing_)
        --owner_.process().failing_listeners;
}

void listener::use(std::shared_ptr<const session::profile> profile)
{
    if (!socket_.where().is_unix())
        net::socket::set_stream_options(socket_.native(),
                                        session::client_keepalive(profile->timeouts));
    profile_ = std::move(profile);
    watch();
}

/// Without a place in the event set nothing tells of who has come: it is tried again.
bool listener::watch()
{
    if (is_watched_)
        return true;
    const int error = owner_.around().events.add(socket_.native(), state_);
    is_watched_ = error == 0;
    if (!is_watched_)
        fail(error);
    return is_watched_;
}

void listener::renew(std::shared_ptr<tls::context> tls)
{
    auto renewed = std::make_shared<session::profile>(*profile_);
    renewed->tls = std::move(tls);
    profile_ = std::move(renewed);
}

void listener::run()
{
    if (!watch())
        return;
    for (int i = 0; i < accepts_max; ++i) {
        if (!accept_one())
            return;
    }
    wake();
}

void listener::empty_queue()
{
    // One more than the backlog may wait; those who come meanwhile may be without end.
    for (int i = 0; i <= socket_.backlog() && accept_one(); ++i) {
    }
}

/// True if there may be more.
bool listener::accept_one()
{
    if (!owner_.take_place()) {
        pause(metrics::accept_pause::sessions);
        return false;
    }
    net::accepted_socket accepted = socket_.accept();
    if (accepted.state != net::accept_state::accepted)
        owner_.give_back_place();
    switch (accepted.state) {
    case net::accept_state::accepted: works(); break;
    case net::accept_state::empty:
        works();
        owner_.went_on();
        return false;
    case net::accept_state::gone:
        profile_->counters->accept_errors.add();
        // A rule that refuses all of them, and leaves them in the queue, is no matter of the one.
        if (++gone_in_a_row_ < accepts_max)
            return true;
        fail(accepted.error);
        return false;
    case net::accept_state::failed:
        profile_->counters->accept_errors.add();
        fail(accepted.error);
        return false;
    case net::accept_state::descriptors: pause(metrics::accept_pause::descriptors); return false;
    case net::accept_state::memory: pause(metrics::accept_pause::memory); return false;
    }
    std::unique_ptr<session::session> fresh{new (std::nothrow) session::session{
        profile_, owner_.around(), owner_.session_host(), accepted.from}};
    if (fresh == nullptr || !fresh->start(std::move(accepted.socket), socket_.where().is_unix())) {
        owner_.give_back_place();
        pause(metrics::accept_pause::memory);
        return false;
    }
    owner_.adopt(*fresh.release());
    return true;
}

void listener::fail(int error)
{
    if (!std::exchange(is_failing_, true)) {
        ++owner_.process().failing_listeners;
        profile_->counters->accept_paused[static_cast<std::size_t>(metrics::accept_pause::error)]
            .add();
        owner_.failing(*this, error);
    }
    retry_in_ = std::clamp(retry_in_ * 2, pause_length, retry_max);
    owner_.around().wheel.set(retry_, owner_.around().now + retry_in_);
}

void listener::works()
{
    gone_in_a_row_ = 0;
    retry_in_ = base::milliseconds{0};
    if (std::exchange(is_failing_, false)) {
        --owner_.process().failing_listeners;
        owner_.failing(*this, 0);
    }
}

void listener::pause(metrics::accept_pause why)
{
    owner_.paused(*profile_->counters, why);
    owner_.around().wheel.set(retry_, owner_.around().now + pause_length);
}

} // namespace ferrule::worker
