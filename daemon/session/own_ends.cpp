#include "session/own_ends.hpp"

#include "ending/observe.hpp"
#include "session/observe.hpp"
#include "session/state.hpp"

#include <utility>

namespace ferrule::session {

using ending::cause;
using ending::patience;
using ending::phase;

namespace {

/// A drain looks again after this whether a session has become quiet.
constexpr base::milliseconds ask_interval{1000};

} // namespace

// --- orders --------------------------------------------------------------------------------------

void own_ends::order(cause why) noexcept
{
    if (ordered_ == cause::none)
        ordered_ = why;
    state_.journal.note(record::happening::end_ordered, 0, static_cast<std::uint8_t>(why));
    state_.around.ready.push(state_.owner);
}

void own_ends::order_at_once(cause why) noexcept
{
    order(why);
    state_.journal.note(record::happening::deadline_passed);
    is_at_once_ = true;
}

void own_ends::drain(base::time_point ask_at, base::time_point cut_at) noexcept
{
    const auto left = std::chrono::duration_cast<base::milliseconds>(cut_at - state_.now());
    state_.journal.note(record::happening::drain_ordered, static_cast<std::uint64_t>(left.count()));
    state_.bounds.ask = ask_at;
    state_.bounds.cut = cut_at;
    state_.arm();
}

// --- time ----------------------------------------------------------------------------------------

bool own_ends::is_due() const noexcept
{
    return !state_.facts.overdue && !is_at_once_ && state_.bounds.is_due(state_.now());
}

void own_ends::take()
{
    take_ends();
    take_questions();
    const phase at = ending::phase_of(state_.facts);
    if (at == phase::handshaking || at == phase::connecting)
        state_.arm();
}

void own_ends::end(cause why)
{
    ending::proxy_ended(state_.facts, state_.rules(), why, is_quiet(state_, false));
}

void own_ends::take_ends()
{
    bounds& until = state_.bounds;
    if (is_at_once_ && !state_.facts.overdue) {
        ending::given_up(state_.facts, ordered_);
        return;
    }
    if (ordered_ != cause::none)
        end(std::exchange(ordered_, cause::none));
    switch (until.passed(state_.now())) {
    case bounds::end::cut: // F60, F61: what was read has two seconds more
        until.cut = until.ask = bounds::never;
        end(cause::drain);
        until.grant_grace(state_.now());
        break;
    case bounds::end::lifetime: // R117, R118: however busy it is, or quiet
        until.lifetime = bounds::never;
        end(cause::lifetime);
        break;
    case bounds::end::patience:
        if (until.has_run_out(ending::phase_of(state_.facts)))
            patience_is_over();
        break;
    case bounds::end::none: break;
    }
    if (state_.now() >= until.deadline && !state_.facts.overdue) {
        state_.journal.deadline_passed();
        ending::deadline_passed(state_.facts);
    }
}

void own_ends::patience_is_over()
{
    const patience which = state_.bounds.in_force;
    state_.journal.bound_passed(which);
    if (which == patience::handshake) {
        state_.journal.detail_once(no_tls_but(state_.client().transport().tls()->first_bytes()));
        state_.journal.detail_once("timeout: the handshake took too long");
    }
    if (which == patience::connect)
        state_.journal.detail_once("timeout: no server took the connection in time");
    // R110: the silence was long enough, whoever spoke last. What is acknowledged was asked before
    // (`session::catch_up`).
    const bool quiet = which == patience::idle && is_quiet(state_, true);
    ending::patience_ended(state_.facts, state_.rules(), which, quiet);
    state_.bounds.patience = bounds::never; // the next wait sets its own
}

void own_ends::take_questions()
{
    bounds& until = state_.bounds;
    if (state_.now() >= until.ask)
        ask_whether_quiet();
    if (ending::is_closing(state_.facts))
        until.ask = bounds::never;
    if (!ending::has_open_source(state_.facts))
        until.lifetime = bounds::never; // there is nothing left to cut
    if (state_.now() >= until.watch) {
        // F32 to F34, F52: a backend that vanished is found before its silence counts as an end
        // (E8). Most sessions are over by now, and have saved these system calls.
        until.watch = bounds::never;
        state_.backend().socket().watch_for_silence(
            backend_keepalive(state_.settings->timeouts, state_.route->shutdown));
    }
    if (state_.now() >= until.poll)
        observe_acknowledgements(state_);
}

/// Only what is quiet ends before its time (F62; E8). F65: where the operator wants resets, it ends
/// at its time.
void own_ends::ask_whether_quiet()
{
    if (state_.rules().on_proxy_end != ending::proxy_policy::reset &&
        ending::may_ask(state_.facts) && is_quiet(state_, false)) {
        state_.bounds.ask = bounds::never;
        ending::proxy_ended(state_.facts, state_.rules(), cause::drain, true);
    } else {
        state_.bounds.ask = state_.now() + ask_interval;
    }
}

} // namespace ferrule::session
