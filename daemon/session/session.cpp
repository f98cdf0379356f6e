#include "session/session.hpp"

#include "base/check.hpp"
#include "ending/observe.hpp"
#include "session/closing.hpp"
#include "session/handshake.hpp"
#include "session/observe.hpp"

#include <coroutine>
#include <utility>

namespace ferrule::session {

using ending::side;

namespace {

/// The session gives its turn away; `run` resumes it for the next one.
struct next_turn {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    void await_resume() const noexcept {}
};

} // namespace

session::session(std::shared_ptr<const profile> settings, surroundings& around, host& owner,
                 const net::client_address& from) noexcept
    : owner_{owner},
      state_{std::move(settings), around, *this, owner.next_session_id(), from},
      to_backend_{state_, side::client},
      to_client_{state_, side::backend},
      connector_{state_},
      own_ends_{state_}
{
}

session::~session()
{
    // A session is destroyed after its life, or with the process: then nothing may look clean (E7).
    for (peer& each : state_.peers) {
        if (each.socket().is_open())
            each.abort();
    }
}

bool session::start(net::descriptor accepted, bool is_unix) noexcept
{
    if (!state_.client().transport().is_usable())
        return false;
    if (state_.client().socket().adopt(accepted.release(), is_unix, state_.around.events, *this) !=
        0)
        return false;
    const base::time_point now = state_.now();
    const config::timeout_settings& timeouts = state_.settings->timeouts;
    state_.activity.begin(now);
    state_.journal.accepted();
    // R67: the clock runs before the client has said anything.
    state_.bounds.begin(ending::patience::handshake, now + timeouts.handshake);
    if (timeouts.lifetime != base::off)
        state_.bounds.lifetime = now + timeouts.lifetime;
    state_.arm();
    life_ = live();
    life_.resume();
    return true;
}

void session::run()
{
    const base::containment contained;
    life_.resume();
    if (!life_.is_done())
        return;
    retire(); // whatever woke it in its last turn has woken nothing
    if (const std::exception_ptr failure = life_.failure(); failure != nullptr)
        contain(failure);
    owner_.ended(*this, state_.journal.close(*state_.route, state_.facts, state_.client()));
}

// One connection's life, in the order in which it happens. In each turn: what has happened, then
// the time that has passed, then what is to be said about both.
task session::live()
{
    next_turn turn;

    while (phase() == ending::phase::handshaking) {
        co_await turn;
        to_client_.flush();
        shake_hands(state_);
        own_ends_.take();
    }

    while (phase() == ending::phase::connecting) {
        to_client_.flush(); // a ticket may still wait
        connector_.go_on();
        own_ends_.take();
        if (phase() == ending::phase::connecting)
            co_await turn;
    }

    for (;;) {
        look_around();
        if (!catch_up())
            break;
        own_ends_.take();
        if (!settle(state_))
            break;
        co_await turn;
    }
}

/// One look at everything that can have happened: failures, bytes, ends.
void session::look_around()
{
    if (state_.facts.contact == ending::contact::never)
        connector_.stop();
    observe_failure(state_, side::client);
    observe_failure(state_, side::backend);
    to_backend_.move();
    to_client_.move();
    set_heavy(to_backend_.is_bulk() || to_client_.is_bulk());
    // One that has more is served again after the others have had their turn. Asked once both have
    // had theirs, since each can make the other readable again: a client of which too many answers
    // waited is read again when they are sent, and no event says so.
    if (to_backend_.has_more() || to_client_.has_more())
        state_.around.ready.push(*this);
    observe_progress(state_);
}

/// Before a bound acts: a last look at what may put it off (see own_ends.hpp). False if the session
/// is over with it.
bool session::catch_up()
{
    if (!own_ends_.is_due())
        return true;
    if (has_unread(state_))
        look_around();
    observe_acknowledgements(state_);
    return settle(state_);
}

/// One session's trouble is its own (E9): both sides are reset, and the next session goes on.
void session::contain(std::exception_ptr failure) noexcept
{
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& what) {
        state_.journal.detail(what.what());
    } catch (...) {
        state_.journal.detail("an exception of a kind that is not ours");
    }
    state_.around.wire.in = {};
    state_.around.wire.out.clear();
    ending::given_up(state_.facts, ending::cause::internal);
    reset_both(state_);
}

record::snapshot session::look() const
{
    return ferrule::session::look(story(), *state_.settings, *state_.route, state_.facts,
                                  state_.client(), state_.activity.last_moved_at(), state_.now());
}

} // namespace ferrule::session
