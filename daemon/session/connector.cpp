#include "session/connector.hpp"

#include "ending/observe.hpp"
#include "session/state.hpp"

#include <algorithm>
#include <cerrno>

namespace ferrule::session {

using ending::cause;
using ending::side;
using ending::source;

namespace {

/// Less is no try, over any distance.
constexpr base::milliseconds shortest_try{100};

/// How old a session is before its backend's socket gets keepalive: most are over by then.
constexpr base::milliseconds watch_after{1000};

/// The next pause of a back-off.
base::milliseconds longer(base::milliseconds pause, base::milliseconds first,
                          base::milliseconds longest)
{
    return std::clamp(pause * 2, first, longest);
}

} // namespace

bool connector::is_connecting() const noexcept
{
    return ending::phase_of(state_.facts) == ending::phase::connecting;
}

void connector::go_on()
{
    if (!is_connecting())
        return; // the client is gone
    if (state_.bounds.attempt == bounds::never)
        state_.bounds.attempt = began_at_ = state_.now();
    net::socket& socket = state_.backend().socket();
    if (socket.is_open())
        look_at_try(socket.connected());
    while (is_connecting() && !socket.is_open() && state_.bounds.attempt <= state_.now())
        try_next_server();
    watch_for_client_reset();
}

void connector::try_next_server()
{
    backends::backend_pool& pool = *state_.route->backend;
    if (!attempt_) {
        if (state_.now() < state_.bounds.patience)
            attempt_ = pool.next(choice_, state_.now());
        if (!attempt_) {
            wait_for_servers();
            return;
        }
        if (is_first_round())
            state_.journal.note(record::happening::connecting);
        try_until_ = state_.now() + share_of_try();
        try_pause_ = base::milliseconds{0};
    }
    look_at_try(
        state_.backend().socket().connect(attempt_->where, state_.around.events, state_.owner));
}

/// Each server that is left gets an equal part of the time, and one part is kept for asking those
/// again that have refused.
base::milliseconds connector::share_of_try() const noexcept
{
    const backends::backend_pool& pool = *state_.route->backend;
    const base::time_point::duration left = state_.bounds.patience - state_.now();
    const bool asks_again = was_refused_ && pool.size() > 1;
    const auto parts = static_cast<int>(pool.untried(choice_)) + (asks_again ? 2 : 1);
    return std::chrono::duration_cast<base::milliseconds>(
        std::min(left, std::max<base::time_point::duration>(left / parts, shortest_try)));
}

/// `result` as net::socket::connect has it.
void connector::look_at_try(int result)
{
    if (result == 0 && attempt_->has_local_port &&
        state_.backend().socket().is_connected_to_itself(attempt_->where))
        result = ECONNREFUSED; // nothing listens there, or we could not have been given its port
    if (result == 0) {
        connected();
        return;
    }
    // R55: there may be a place in its queue in a moment. R52: or never.
    if (result == EINPROGRESS && state_.now() < try_until_) {
        state_.bounds.attempt = try_until_;
        state_.arm();
        return;
    }
    // A Unix socket whose queue is full. TCP would let us wait; this is asked again.
    if (result == EAGAIN && state_.now() < try_until_) {
        try_pause_ = longer(try_pause_, base::milliseconds{10}, base::milliseconds{100});
        state_.bounds.attempt = std::min(try_until_, state_.now() + try_pause_);
        state_.arm();
        return;
    }
    try_failed(result == EINPROGRESS ? ETIMEDOUT : result);
}

void connector::try_failed(int error)
{
    state_.journal.detail({});
    if (error == EAGAIN)
        state_.journal.detail_once("the server's queue stayed full");
    else
        state_.journal.detail_errno(error);
    if (is_first_round())
        state_.journal.note(record::happening::connect_failed, 0, static_cast<std::uint8_t>(error));
    if (state_.backend().socket().is_open())
        state_.backend().abort();
    is_own_want_ = net::is_own_want(error);
    was_refused_ = was_refused_ || (error != ETIMEDOUT && error != EAGAIN);
    if (!is_own_want_)
        attempt_.failed(state_.now());
    attempt_ = {};
    state_.bounds.attempt = state_.now(); // the next one at once
    // A session that waits for a descriptor keeps one from others.
    if (error == EMFILE || error == ENFILE)
        missing(cause::limit, {});
}

/// All have been tried, in vain: one that restarts may be back in a moment (R53, R54).
void connector::wait_for_servers()
{
    // R50: until then a refusal is no answer.
    if (state_.now() >= state_.bounds.patience) {
        missing(is_own_want_ ? cause::limit : cause::no_backend,
                choice_.started ? std::string_view{} : "no server has an address");
        return;
    }
    choice_.tried = 0;
    round_pause_ = longer(round_pause_, base::milliseconds{20}, base::milliseconds{500});
    state_.bounds.attempt = std::min(state_.bounds.patience, state_.now() + round_pause_);
    state_.arm();
}

void connector::missing(cause why, std::string_view detail)
{
    state_.journal.detail_once(detail);
    ending::backend_missing(state_.facts, why);
}

void connector::stop()
{
    state_.bounds.attempt = bounds::never;
    attempt_ = {};
    if (state_.backend().socket().is_open())
        state_.backend().abort();
}

void connector::connected()
{
    state_.journal.connected(attempt_->text);
    state_.activity.begin(state_.now());
    attempt_.succeeded(state_.now() - began_at_);
    state_.backend().socket().set_stream_options();
    state_.bounds.attempt = bounds::never;
    state_.bounds.watch = state_.now() + watch_after;
    state_.bounds.patience = bounds::never; // the first wait sets it
    ending::connected(state_.facts);
}

/// The client's bytes are not read before there is a backend to take them; a reset needs no
/// reading.
void connector::watch_for_client_reset()
{
    if (!is_connecting() || !state_.client().socket().has_failed())
        return;
    state_.journal.ended(side::client, source::reset);
    state_.journal.note(record::happening::client_gone);
    state_.journal.detail_once("the client reset the connection while connecting");
    ending::client_left_early(state_.facts);
}

} // namespace ferrule::session
