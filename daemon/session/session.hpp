// One client, one backend, from the accepted connection to the released sockets.
//
// The session's life is `live()` in session.cpp, top to bottom. It runs in turns: an event or a
// deadline wakes it, the worker resumes it once, it does what can be done without waiting, decides
// (ending/next_step.hpp) and gives its turn away. Nothing is cancelled, since nothing is ever
// pending.
//
// It is made of parts, each of which owns its state: two peers (peer.hpp), two flows between them
// (flow.hpp), the way to a server (connector.hpp), its clocks (bounds.hpp), the ends that we bring
// about (own_ends.hpp), and what is told of it (journal.hpp). What they share is `state`.
//
// A session belongs to its worker's thread. It owns both sockets, the TLS channel, and what could
// not be sent yet; it borrows the worker's buffers during its turn.
#pragma once

#include "net/deadline_wheel.hpp"
#include "net/listening_socket.hpp"
#include "record/recorder.hpp"
#include "record/snapshot.hpp"
#include "session/connector.hpp"
#include "session/flow.hpp"
#include "session/own_ends.hpp"
#include "session/state.hpp"
#include "session/surroundings.hpp"
#include "session/task.hpp"

#include <boost/intrusive/list.hpp>

#include <exception>
#include <memory>
#include <string>

namespace ferrule::session {

class session final : public net::wakeable {
public:
    session(std::shared_ptr<const profile> settings, surroundings& around, host& owner,
            const net::client_address& from) noexcept;
    ~session();

    /// Takes over the accepted socket. False if that needed memory or descriptors that are not
    /// there: then the socket is closed, nothing is counted, and the session is to be destroyed.
    bool start(net::descriptor accepted, bool is_unix) noexcept;

    /// The session's turn (called by the ready queue).
    void run() override;

    /// Ends the session for a reason of the proxy's own, told as `on_proxy_end` says.
    void end(ending::cause why) noexcept { own_ends_.order(why); }

    /// Ends the session in its next turn, without waiting for anything: both sockets are reset.
    void end_at_once(ending::cause why) noexcept { own_ends_.order_at_once(why); }

    /// Drains: at `ask_at`, or as soon after it as the session is quiet, its backend is asked to
    /// end; at `cut_at` the session is cut in any case.
    void drain(base::time_point ask_at, base::time_point cut_at) noexcept
    {
        own_ends_.drain(ask_at, cut_at);
    }

    std::uint64_t id() const noexcept { return story().id; }
    const std::string& listener() const noexcept { return state_.settings->listener; }
    const std::string& backend() const noexcept { return state_.route->backend->name(); }
    const net::client_address& client() const noexcept { return story().client; }
    base::time_point accepted_at() const noexcept { return story().accepted; }

    /// How far the session is. A short_text cannot throw and nothing is allocated but the client's
    /// address as text.
    record::snapshot look() const;
    record::state how_far() const noexcept { return ferrule::session::how_far(state_.facts); }

    /// What was recorded; nothing is recorded any more.
    record::recorder take_recording() noexcept { return state_.journal.take_recording(); }

    using list_hook = boost::intrusive::list_member_hook<
        boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
    list_hook siblings;  ///< the worker's list of all sessions
    list_hook newcomers; ///< the worker's list of those that may be in their handshake

private:
    // None of these throws but for a broken promise of ours, which `run` contains.
    task live();
    void look_around();
    bool catch_up();
    void contain(std::exception_ptr failure) noexcept;
    const ferrule::session::story& story() const noexcept { return state_.journal.so_far(); }
    ending::phase phase() const noexcept { return ending::phase_of(state_.facts); }

    host& owner_;
    state state_;
    flow to_backend_;
    flow to_client_;
    connector connector_;
    own_ends own_ends_;
    task life_;
};

} // namespace ferrule::session
