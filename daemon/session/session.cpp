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
    accepted_at_ = last_byte_at_ = now();
    recorder_ = recorder{profile_->recorder};
    note(happening::accepted);
    profile_->counters->sessions_started.add();
    profile_->counters->sessions_open.add();
    patience_at_ = now() + profile_->timeouts.handshake;
    if (profile_->timeouts.lifetime != base::off)
        lifetime_at_ = now() + profile_->timeouts.lifetime;
    arm();
    life_ = live();
    life_.resume();
    return true;
}

void session::run()
{
    life_.resume();
    if (!life_.is_done())
        return;
    note_causes();
    const record told = tell();
    count(told);
    owner_.ended(*this, told);
}

// One connection's life, in the order in which it happens.
task session::live()
{
    turn next_turn;

    while (phase_ == ending::phase::handshaking && !ending::has_ended(facts_)) {
        co_await next_turn;
        shake_hands();
        observe_phase_deadline();
    }

    if (phase_ == ending::phase::connecting && !ending::has_ended(facts_))
        connect();
    while (phase_ == ending::phase::connecting && !ending::has_ended(facts_)) {
        co_await next_turn;
        connect();
        watch_for_client_reset();
        observe_phase_deadline();
    }

    for (;;) {
        notice_failure(side::client);
        notice_failure(side::backend);
        relay(side::client);
        relay(side::backend);
        if (!catch_up())
            break;
        observe_time();
        if (!settle())
            break;
        co_await next_turn;
    }
}

void session::end_at_once(cause why) noexcept
{
    if (pending_end_ == cause::none)
        pending_end_ = why;
    note(happening::end_ordered, 0, static_cast<std::uint8_t>(why));
    note(happening::deadline_passed);
    ending::deadline_passed(facts_);
    around_.ready.push(*this);
}

// --- the handshake -------------------------------------------------------------------------------

void session::shake_hands() noexcept
{
    flush(side::client);
    while (client_.socket().is_readable() && !ending::has_ended(facts_)) {
        const client_peer::handshake_state state = client_.handshake();
        note_alerts();
        last_byte_at_ = now();
        if (state.progress == tls::handshake_progress::failed) {
            handshake_over(cause::handshake_failed, client_.channel().detail(), state.alert_sent,
                           false);
            return;
        }
        if (state.end.has_value()) {
            const bool said_nothing = !client_.has_sent_anything();
            const bool reset = *state.end == source::reset;
            note(happening::client_ended, 0, static_cast<std::uint8_t>(*state.end));
            if (reset)
                count_end(side::client, source::reset);
            handshake_over(said_nothing ? cause::probe : cause::handshake_failed,
                           reset ? "the client reset the connection during the handshake"
                                 : "the client closed the connection during the handshake",
                           false, true);
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
                       false, true);
}

void session::handshake_over(cause why, std::string_view detail, bool alert_sent,
                             bool client_gone) noexcept
{
    using metrics::handshake_result;
    const handshake_result counted = why == cause::probe || client_gone ? handshake_result::aborted
                                     : patience_at_ <= now()            ? handshake_result::timeout
                                                                        : handshake_result::failed;
    profile_->counters->handshakes[static_cast<std::size_t>(counted)].add();
    detail_once(why == cause::probe ? std::string_view{} : detail);
    ending::handshake_ended(facts_, why, alert_sent, client_gone);
    facts_.to_client.buffered = client_.unsent() > 0;
    facts_.to_client.unacked = !client_gone;
}

void session::handshake_done() noexcept
{
    handshake_done_at_ = now();
    note(happening::handshake_done);
    metrics::listener_counters& counters = *profile_->counters;
    counters.handshakes[static_cast<std::size_t>(metrics::handshake_result::ok)].add();
    const tls::session_facts known = client_.channel().facts();
    counters.handshakes_by_version[known.is_tls13 ? 1 : 0].add();
    if (known.resumed)
        counters.handshakes_resumed.add();
    counters.handshake_seconds.observe(
        std::chrono::duration<double>(handshake_done_at_ - accepted_at_).count());

    phase_ = ending::phase::connecting;
    connect_started_at_ = now();
    patience_at_ = now() + profile_->timeouts.connect;
    arm();
}

// --- the backend ---------------------------------------------------------------------------------

void session::connect() noexcept
{
    flush(side::client); // a ticket may still wait
    if (server_ == nullptr) {
        try_next_server();
        return;
    }
    const int state = backend_.socket().connected();
    if (state == EINPROGRESS) {
        if (poll_at_ > now())
            return;
        // This server has had its share of the time that all tries have together.
        detail_ = std::string_view{};
        detail_errno(ETIMEDOUT);
    } else if (state == 0) {
        connected();
        return;
    } else {
        detail_ = std::string_view{};
        detail_errno(state);
    }
    note(happening::connect_failed, 0,
         static_cast<std::uint8_t>(state == EINPROGRESS ? ETIMEDOUT : state));
    server_->counters->connect_failures.add();
    profile_->backend->failed(*server_, now());
    backend_.abort();
    try_next_server();
}

void session::try_next_server() noexcept
{
    for (;;) {
        server_ = profile_->backend->next(choice_, now());
        if (server_ == nullptr) {
            backend_missing(cause::no_backend,
                            choice_.started ? std::string_view{} : "no server has an address");
            return;
        }
        note(happening::connecting);
        const int state = backend_.socket().connect(server_->where, around_.events, *this);
        if (state == 0) {
            connected();
            return;
        }
        if (state == EINPROGRESS) {
            const auto share =
                (patience_at_ - now()) / static_cast<int>(profile_->backend->untried(choice_) + 1);
            poll_at_ = now() + std::chrono::duration_cast<base::milliseconds>(share);
            arm();
            return;
        }
        detail_ = std::string_view{};
        detail_errno(state);
        note(happening::connect_failed, 0, static_cast<std::uint8_t>(state));
        if (state == EMFILE || state == ENFILE) {
            server_ = nullptr;
            backend_missing(cause::limit, {});
            return;
        }
        server_->counters->connect_failures.add();
        profile_->backend->failed(*server_, now());
    }
}

void session::backend_missing(cause why, std::string_view detail) noexcept
{
    detail_once(detail);
    poll_at_ = never;
    if (backend_.socket().is_open())
        backend_.abort();
    ending::backend_missing(facts_, why);
    facts_.to_client.buffered = client_.unsent() > 0;
    facts_.to_client.unacked = true;
}

void session::connected() noexcept
{
    // Servers that were tried before are counted; they are not this session's ending.
    detail_ = std::string_view{};
    note(happening::connected);
    connected_at_ = last_byte_at_ = now();
    poll_at_ = never;
    server_text_ = server_->text;
    server_->counters->connects.add();
    server_->counters->connect_seconds.observe(
        std::chrono::duration<double>(connected_at_ - connect_started_at_).count());
    server_ = nullptr;
    backend_.socket().set_stream_options();
    watch_backend_at_ = now() + base::seconds{1};
    phase_ = ending::phase::relaying;
    patience_at_ = never;
    progress_ = true;
}

void session::watch_for_client_reset() noexcept
{
    if (phase_ != ending::phase::connecting || ending::has_ended(facts_))
        return;
    // Its bytes are not read before there is a backend to take them; a reset needs no reading.
    if (client_.socket().has_failed()) {
        count_end(side::client, source::reset);
        note(happening::client_gone);
        facts_.to_client.to = ending::sink::gone;
        backend_missing(cause::client_reset, "the client reset the connection while connecting");
    }
}

} // namespace ferrule::session
