// One session, one outcome: everything that log and metrics say of an ending is taken from here.

#include "ending/outcome.hpp"
#include "session/session.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ferrule::session {

using ending::cause;
using ending::side;
using ending::source;

namespace {

double seconds_between(base::time_point from, base::time_point to)
{
    return std::chrono::duration<double>(to - from).count();
}

base::microseconds microseconds_between(base::time_point from, base::time_point to)
{
    if (from == base::time_point{} || to < from)
        return base::microseconds{0};
    return std::chrono::duration_cast<base::microseconds>(to - from);
}

} // namespace

void session::detail_once(std::string_view text) noexcept
{
    if (detail_.empty())
        detail_ = text;
}

void session::detail_errno(int error) noexcept
{
    if (error != 0)
        detail_once(strerrordesc_np(error));
}

void session::record_event(record::happening what, std::uint64_t amount,
                           std::uint8_t detail) noexcept
{
    recorder_.add(microseconds_between(accepted_at_, now()), what, amount, detail);
}

void session::note_alerts() noexcept
{
    if (!recorder_.is_on())
        return;
    const tls::channel::seen_alerts alerts = client_.take_alerts();
    if (alerts.received.has_value())
        note(record::happening::alert_received, 0, *alerts.received);
    if (alerts.sent.has_value())
        note(record::happening::alert_sent, 0, *alerts.sent);
}

void session::note_causes() noexcept
{
    if (facts_.first != noted_first_) {
        noted_first_ = facts_.first;
        note(record::happening::cause, 0, static_cast<std::uint8_t>(facts_.first));
    }
    if (facts_.second != noted_second_) {
        noted_second_ = facts_.second;
        note(record::happening::second, 0, static_cast<std::uint8_t>(facts_.second));
    }
}

/// Counts how a peer ended, once for each side and kind.
void session::count_end(side who, source how) noexcept
{
    metrics::listener_counters& counters = *profile_->counters;
    const auto count = [&](metrics::close_notify_event event) {
        counters.close_notify[static_cast<std::size_t>(event)].add();
    };
    switch (how) {
    case source::clean:
        if (who == side::client)
            count(metrics::close_notify_event::received);
        break;
    case source::truncated: count(metrics::close_notify_event::missing); break;
    case source::reset:
        if (!reset_counted_[static_cast<std::size_t>(who)]) {
            reset_counted_[static_cast<std::size_t>(who)] = true;
            counters.resets[static_cast<std::size_t>(who)][0].add();
        }
        break;
    case source::failed:
    case source::open:
    case source::cut:
    case source::absent: break;
    }
}

/// Once, when it is over or the session has ended before.
void session::count_handshake() noexcept
{
    if (std::exchange(counted_handshake_, true))
        return;
    using metrics::handshake_result;
    // Whoever ended it: TLS, the client, the clock; or Ferrule, for a reason of its own.
    const bool by_itself = facts_.first == cause::handshake_failed || facts_.first == cause::probe;
    const handshake_result how = facts_.secured ? handshake_result::ok
                                 : by_itself    ? handshake_
                                                : handshake_result::ended;
    profile_->counters->handshakes[static_cast<std::size_t>(how)].add();
}

void session::count(const record::ended_session& told) noexcept
{
    metrics::listener_counters& counters = *profile_->counters;
    counters
        .sessions_ended[static_cast<std::size_t>(told.cause)]
                       [static_cast<std::size_t>(told.outcome)]
        .add();
    counters.close_seconds[static_cast<std::size_t>(rules().mode)].observe(
        seconds_between(first_end_at_, now()));
    for (std::size_t i = 0; i < lost_.size(); ++i) {
        counters.lost_bytes[i].add(lost_[i]);
        counters.unconfirmed_bytes[i].add(unconfirmed_[i]);
    }
    counters.undecrypted_bytes.add(told.undecrypted);
    counters.sessions_open.subtract();
    if (counted_closing_)
        counters.sessions_closing.subtract();
    if (counted_half_closed_)
        counters.sessions_half_closed.subtract();
}

record::state session::how_far() const noexcept
{
    if (ending::is_half_closed(facts_))
        return record::state::half_closed;
    if (ending::has_ended(facts_))
        return record::state::closing;
    switch (ending::phase_of(facts_)) {
    case ending::phase::handshaking: return record::state::handshaking;
    case ending::phase::connecting: return record::state::connecting;
    case ending::phase::closing: return record::state::closing;
    case ending::phase::relaying: break;
    }
    return record::state::relaying;
}

record::snapshot session::look() const
{
    record::snapshot seen{how_far(), tell(), accepted_at_, {}};
    seen.silent = std::chrono::duration_cast<base::milliseconds>(now() - last_moved_at_);
    if (seen.so_far.cause == cause::none) {
        seen.so_far.handshake = microseconds_between(accepted_at_, handshake_done_at_);
        seen.so_far.ended_at_microseconds = 0;
    }
    return seen;
}

record::ended_session session::tell() const noexcept
{
    record::ended_session told;
    told.ended_at_microseconds = std::chrono::duration_cast<base::microseconds>(
                                     std::chrono::system_clock::now().time_since_epoch())
                                     .count();
    told.session_id = id_;
    told.listener = profile_->listener;
    told.client = from_.text();
    const tls::session_facts known = client_.channel().facts();
    told.tls_version = known.version;
    told.cipher = known.cipher;
    told.sni = known.sni;
    told.alpn = known.alpn;
    told.resumed = known.resumed;
    told.backend = profile_->backend->name();
    told.server = server_text_;
    told.bytes = bytes_;
    told.lost = lost_;
    told.unconfirmed = unconfirmed_;
    told.undecrypted = facts_.secured ? client_.undecrypted() : 0;
    told.cause = facts_.first;
    told.second = facts_.second;
    told.detail = detail_;
    told.client_act = ending::act_of(facts_, side::client);
    told.backend_act = ending::act_of(facts_, side::backend);
    const bool unconfirmed = goodbye_unconfirmed_ || unconfirmed_[0] + unconfirmed_[1] > 0;
    told.outcome = ending::outcome_of(facts_, lost_[0] + lost_[1] > 0, unconfirmed);
    told.first_end = ending::first_end_of(facts_);
    told.handshake = microseconds_between(accepted_at_, handshake_done_at_ == base::time_point{}
                                                            ? first_end_at_
                                                            : handshake_done_at_);
    told.connect = microseconds_between(connect_started_at_, connected_at_);
    told.half_closed = half_closed_for_;
    told.close = microseconds_between(first_end_at_, now());
    told.total = microseconds_between(accepted_at_, now());
    return told;
}

} // namespace ferrule::session
