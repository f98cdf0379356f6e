// Connecting: the session's second phase, from the finished handshake to a server that takes it.
//
// Servers are tried one after the other. When all have been tried, the session waits a little and
// begins anew, until `timeouts.connect` has passed: a server that restarts costs its clients a
// moment, not their connections.

#include "session/session.hpp"

#include <algorithm>
#include <cerrno>

namespace ferrule::session {

using ending::cause;
using ending::side;
using ending::source;

namespace {

/// Less is no try, over any distance.
constexpr base::milliseconds shortest_try{100};

/// The next pause of a back-off.
base::milliseconds longer(base::milliseconds pause, base::milliseconds first,
                          base::milliseconds longest)
{
    return std::clamp(pause * 2, first, longest);
}

} // namespace

void session::connect()
{
    flush(side::client); // a ticket may still wait
    if (ending::phase_of(facts_) != ending::phase::connecting)
        return; // the client is gone
    if (bounds_.attempt == bounds::never)
        bounds_.attempt = now();
    if (backend_.socket().is_open())
        look_at_try(backend_.socket().connected());
    while (ending::phase_of(facts_) == ending::phase::connecting && !backend_.socket().is_open() &&
           bounds_.attempt <= now())
        try_next_server();
}

void session::try_next_server()
{
    if (!attempt_) {
        if (now() < bounds_.patience)
            attempt_ = profile_->backend->next(choice_, now());
        if (!attempt_) {
            wait_for_servers();
            return;
        }
        if (is_first_round())
            note(record::happening::connecting);
        try_until_ = now() + share_of_try();
        try_pause_ = base::milliseconds{0};
    }
    look_at_try(backend_.socket().connect(attempt_->where, around_.events, *this));
}

/// Each server that is left gets an equal part of the time, and one part is kept for asking those
/// again that have refused.
base::milliseconds session::share_of_try() const noexcept
{
    const base::time_point::duration left = bounds_.patience - now();
    const bool asks_again = was_refused_ && profile_->backend->size() > 1;
    const auto parts = static_cast<int>(profile_->backend->untried(choice_)) + (asks_again ? 2 : 1);
    return std::chrono::duration_cast<base::milliseconds>(
        std::min(left, std::max<base::time_point::duration>(left / parts, shortest_try)));
}

/// `state` as net::socket::connect has it.
void session::look_at_try(int state)
{
    if (state == 0 && attempt_->has_local_port &&
        backend_.socket().is_connected_to_itself(attempt_->where))
        state = ECONNREFUSED; // nobody listens there, or we could not have been given its port
    if (state == 0) {
        connected();
        return;
    }
    if (state == EINPROGRESS && now() < try_until_) {
        bounds_.attempt = try_until_;
        arm();
        return;
    }
    // A Unix socket whose queue is full. TCP would let us wait; this is asked again.
    if (state == EAGAIN && now() < try_until_) {
        try_pause_ = longer(try_pause_, base::milliseconds{10}, base::milliseconds{100});
        bounds_.attempt = std::min(try_until_, now() + try_pause_);
        arm();
        return;
    }
    try_failed(state == EINPROGRESS ? ETIMEDOUT : state);
}

void session::try_failed(int error)
{
    detail_ = std::string_view{};
    if (error == EAGAIN)
        detail_once("the server's queue stayed full");
    else
        detail_errno(error);
    if (is_first_round())
        note(record::happening::connect_failed, 0, static_cast<std::uint8_t>(error));
    if (backend_.socket().is_open())
        backend_.abort();
    is_own_want_ = net::is_own_want(error);
    was_refused_ = was_refused_ || (error != ETIMEDOUT && error != EAGAIN);
    if (!is_own_want_) {
        attempt_->counters->connect_failures.add();
        attempt_.failed(now());
    }
    attempt_ = {};
    bounds_.attempt = now(); // the next one at once
    // Who waits for a descriptor keeps one from others.
    if (error == EMFILE || error == ENFILE)
        backend_missing(cause::limit, {});
}

/// All have been tried, in vain: one that restarts may be back in a moment.
void session::wait_for_servers()
{
    if (now() >= bounds_.patience) {
        backend_missing(is_own_want_ ? cause::limit : cause::no_backend,
                        choice_.started ? std::string_view{} : "no server has an address");
        return;
    }
    choice_.tried = 0;
    round_pause_ = longer(round_pause_, base::milliseconds{20}, base::milliseconds{500});
    bounds_.attempt = std::min(bounds_.patience, now() + round_pause_);
    arm();
}

void session::backend_missing(cause why, std::string_view detail)
{
    detail_once(detail);
    ending::backend_missing(facts_, why);
}

/// There will be no backend, whoever has decided so: nothing of the tries is left.
void session::stop_connecting()
{
    bounds_.attempt = bounds::never;
    attempt_ = {};
    if (backend_.socket().is_open())
        backend_.abort();
}

void session::connected()
{
    // Servers that were tried before are counted; they are not this session's ending.
    detail_ = std::string_view{};
    note(record::happening::connected);
    connected_at_ = last_moved_at_ = now();
    bounds_.attempt = bounds::never;
    server_text_ = attempt_->text;
    attempt_->counters->connects.add();
    attempt_->counters->connect_seconds.observe(
        std::chrono::duration<double>(connected_at_ - connect_started_at_).count());
    attempt_.succeeded();
    backend_.socket().set_stream_options();
    bounds_.watch = now() + base::seconds{1};
    bounds_.patience = bounds::never; // the first wait sets it
    ending::connected(facts_);
}

void session::watch_for_client_reset()
{
    if (ending::phase_of(facts_) != ending::phase::connecting)
        return;
    // Its bytes are not read before there is a backend to take them; a reset needs no reading.
    if (client_.socket().has_failed()) {
        count_end(side::client, source::reset);
        note(record::happening::client_gone);
        detail_once("the client reset the connection while connecting");
        ending::client_left_early(facts_);
    }
}

} // namespace ferrule::session
