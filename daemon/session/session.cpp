#include "session/session.hpp"

#include "base/check.hpp"

#include <cerrno>
#include <cstring>

namespace ferrule::session {

using ending::cause;
using ending::side;
using ending::source;

session::session(std::shared_ptr<const profile> manners, surroundings& around, host& owner,
                 net::client_address from) noexcept
    : profile_{std::move(manners)},
      around_{around},
      owner_{owner},
      client_{profile_->tls->native(), around},
      backend_{around},
      alarm_{*this},
      from_{from},
      id_{owner.next_session_id()}
{
}

session::~session()
{
    // A session is destroyed after its life, or with the process: then nothing may look clean.
    if (client_.socket().is_open())
        client_.abort();
    if (backend_.socket().is_open())
        backend_.abort();
}

bool session::start(net::descriptor accepted, bool is_unix) noexcept
{
    if (!client_.channel().is_usable())
        return false;
    if (client_.socket().adopt(accepted.release(), is_unix, around_.events, *this) != 0)
        return false;
    accepted_at_ = last_moved_at_ = now();
    recorder_ = record::recorder{profile_->recorder};
    note(record::happening::accepted);
    profile_->counters->sessions_started.add();
    profile_->counters->sessions_open.add();
    bounds_.patience = now() + profile_->timeouts.handshake;
    if (profile_->timeouts.lifetime != base::off)
        bounds_.lifetime = now() + profile_->timeouts.lifetime;
    arm();
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
    retire(); // whoever woke it in its last turn has woken nobody
    if (const std::exception_ptr failure = life_.failure(); failure != nullptr)
        contain(failure);
    note_causes();
    const record::ended_session told = tell();
    count(told);
    owner_.ended(*this, told);
}

// One connection's life, in the order in which it happens. In each turn: what has happened, then
// the time that has passed, then what is to be said about both.
task session::live()
{
    turn next_turn;

    while (ending::phase_of(facts_) == ending::phase::handshaking) {
        co_await next_turn;
        shake_hands();
        observe_time();
    }

    while (ending::phase_of(facts_) == ending::phase::connecting) {
        connect();
        watch_for_client_reset();
        observe_time();
        if (ending::phase_of(facts_) == ending::phase::connecting)
            co_await next_turn;
    }

    for (;;) {
        see();
        if (!catch_up())
            break;
        observe_time();
        if (!settle())
            break;
        co_await next_turn;
    }
}

/// One session's trouble is its own (E9): both sides are reset, and the next session goes on.
void session::contain(std::exception_ptr failure) noexcept
{
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& what) {
        detail_ = std::string_view{what.what()};
    } catch (...) {
        detail_ = std::string_view{"an exception of a kind that is not ours"};
    }
    around_.wire.in = {};
    around_.wire.out.clear();
    ending::given_up(facts_, cause::internal);
    note_first_end();
    for (const side who : {side::client, side::backend}) {
        if (!socket_of(who).is_open())
            continue;
        ending::performed(facts_, rules(),
                          who == side::client ? ending::step::abort_client
                                              : ending::step::abort_backend);
        before_release(who, true);
        profile_->counters->resets[static_cast<std::size_t>(who)][1].add();
        who == side::client ? client_.abort() : backend_.abort();
    }
    count_handshake();
}

void session::end_at_once(cause why) noexcept
{
    if (pending_end_ == cause::none)
        pending_end_ = why;
    note(record::happening::end_ordered, 0, static_cast<std::uint8_t>(why));
    note(record::happening::deadline_passed);
    at_once_ = true;
    around_.ready.push(*this);
}

// --- the handshake -------------------------------------------------------------------------------

void session::shake_hands()
{
    flush(side::client);
    while (client_.socket().is_readable() && !ending::has_ended(facts_)) {
        const client_peer::handshake_state state = client_.handshake();
        note_alerts();
        meter();
        if (client_.unsent() > 0)
            ending::kept(facts_, side::client);
        const std::string_view no_tls = no_tls_but(client_.first_bytes());
        if (state.progress == tls::handshake_progress::failed) {
            handshake_over(cause::handshake_failed,
                           no_tls.empty() ? client_.channel().detail() : no_tls,
                           state.alert_sent ? ending::told::alert : ending::told::nothing);
            return;
        }
        if (state.end.has_value()) {
            const bool said_nothing = !client_.has_sent_anything();
            const bool reset = *state.end == source::reset;
            note(record::happening::client_ended, 0, static_cast<std::uint8_t>(*state.end));
            if (reset)
                count_end(side::client, source::reset);
            handshake_over(said_nothing ? cause::probe : cause::handshake_failed,
                           !no_tls.empty() ? no_tls
                           : reset         ? "the client reset the connection during the handshake"
                                   : "the client closed the connection during the handshake",
                           ending::told::gone);
            return;
        }
        if (state.progress == tls::handshake_progress::done) {
            handshake_done();
            return;
        }
    }
    if (const auto trouble = client_.trouble(); trouble.has_value())
        handshake_over(cause::handshake_failed,
                       *trouble == handed::no_memory ? "out of memory"
                                                     : "the client takes no bytes",
                       ending::told::gone);
}

void session::handshake_over(cause why, std::string_view detail, ending::told client)
{
    if (client == ending::told::gone)
        handshake_ = metrics::handshake_result::aborted;
    detail_once(why == cause::probe ? std::string_view{} : detail);
    ending::handshake_ended(facts_, why, client);
}

void session::handshake_done()
{
    handshake_done_at_ = now();
    note(record::happening::handshake_done);
    ending::handshake_done(facts_);
    count_handshake();
    metrics::listener_counters& counters = *profile_->counters;
    const tls::session_facts known = client_.channel().facts();
    counters.handshakes_by_version[known.is_tls13 ? 1 : 0].add();
    if (known.resumed)
        counters.handshakes_resumed.add();
    counters.handshake_seconds.observe(
        std::chrono::duration<double>(handshake_done_at_ - accepted_at_).count());

    connect_started_at_ = now();
    bound_ = ending::patience::connect;
    bounds_.patience = now() + profile_->timeouts.connect;
    arm();
}

} // namespace ferrule::session
