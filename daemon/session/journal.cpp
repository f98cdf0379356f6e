#include "session/journal.hpp"

#include <algorithm>
#include <cstring>

namespace ferrule::session {

using ending::cause;
using ending::side;
using ending::source;
using metrics::close_notify_event;
using metrics::handshake_result;

namespace {

template <class counted>
auto& at(counted& counters, auto which)
{
    return counters[static_cast<std::size_t>(which)];
}

} // namespace

journal::journal(const profile& settings, const surroundings& around, std::uint64_t id,
                 const net::client_address& from) noexcept
    : settings_{settings}, around_{around}, counters_{*settings.counters}
{
    story_.id = id;
    story_.client = from;
}

// --- how far it has come -------------------------------------------------------------------------

void journal::accepted() noexcept
{
    story_.accepted = around_.now;
    recorder_ = record::recorder{settings_.recorder};
    note(record::happening::accepted);
    counters_.sessions_started.add();
    counters_.sessions_open.add();
}

void journal::handshake_done(const ending::facts& known, const peer& client) noexcept
{
    story_.handshake_done = around_.now;
    note(record::happening::handshake_done);
    count_handshake(known);
    const tls::agreement agreed = client.transport().tls()->channel().agreed();
    at(counters_.handshakes_by_version, agreed.is_tls13 ? 1 : 0).add();
    if (agreed.resumed)
        counters_.handshakes_resumed.add();
    counters_.handshake_seconds.observe(base::in_seconds(around_.now - story_.accepted));
}

void journal::handshake_aborted() noexcept
{
    handshake_ = handshake_result::aborted;
}

/// Once, when it is over or the session has ended before.
void journal::count_handshake(const ending::facts& known) noexcept
{
    if (std::exchange(already_.is_handshake_counted, true))
        return;
    // Ended by TLS, the client or the clock; or by Ferrule, for a reason of its own.
    const bool by_itself = known.first == cause::handshake_failed || known.first == cause::probe;
    const handshake_result how = known.secured ? handshake_result::ok
                                 : by_itself   ? handshake_
                                               : handshake_result::ended;
    at(counters_.handshakes, how).add();
}

void journal::connected(const std::string& server)
{
    story_.detail = std::string_view{};
    note(record::happening::connected);
    story_.connected = around_.now;
    story_.server = server;
}

// --- bytes ---------------------------------------------------------------------------------------

void journal::missing(ending::direction which, const shortfall& what, bool dies,
                      bool is_gone) noexcept
{
    lost(which, what.unsent);
    if (dies)
        lost(which, what.in_kernel);
    else
        at(story_.unconfirmed, which) += what.in_kernel;
    if (what.goodbye && !is_gone)
        story_.is_goodbye_unconfirmed = true;
}

// --- ends ----------------------------------------------------------------------------------------

void journal::ended(side who, source how) noexcept
{
    switch (how) {
    case source::clean:
        if (who == side::client)
            at(counters_.close_notify, close_notify_event::received).add();
        break;
    case source::truncated: at(counters_.close_notify, close_notify_event::missing).add(); break;
    case source::reset:
        if (!std::exchange(at(already_.is_reset, who), true))
            at(counters_.resets, who)[0].add();
        break;
    case source::failed:
    case source::open:
    case source::cut:
    case source::absent: break;
    }
}

void journal::close_notify_sent() noexcept
{
    at(counters_.close_notify, close_notify_event::sent).add();
}

void journal::reset_sent(side to) noexcept
{
    at(counters_.resets, to)[1].add();
}

void journal::bound_passed(ending::patience which) noexcept
{
    using ending::patience;
    using metrics::shutdown_timeout;
    note(record::happening::bound_passed, 0, static_cast<std::uint8_t>(which));
    switch (which) {
    case patience::handshake: handshake_ = handshake_result::timeout; break;
    case patience::close_notify:
        at(counters_.timeouts, shutdown_timeout::close_notify).add();
        at(counters_.close_notify, close_notify_event::timeout).add();
        break;
    case patience::half_close:
    case patience::ask: at(counters_.timeouts, shutdown_timeout::half_close).add(); break;
    case patience::stall: at(counters_.timeouts, shutdown_timeout::stall).add(); break;
    case patience::connect:
    case patience::idle:
    case patience::linger: break;
    }
}

void journal::deadline_passed() noexcept
{
    at(counters_.timeouts, metrics::shutdown_timeout::deadline).add();
    note(record::happening::deadline_passed);
}

void journal::follow(const ending::facts& known) noexcept
{
    follow_causes(known);
    if (ending::has_ended(known) && !std::exchange(already_.has_ended, true)) {
        story_.first_end = around_.now;
        counters_.sessions_closing.add();
        count_handshake(known);
    }
    if (ending::is_half_closed(known) == already_.is_half_closed)
        return;
    already_.is_half_closed = !already_.is_half_closed;
    if (already_.is_half_closed) {
        counters_.sessions_half_closed.add();
        half_closed_at_ = around_.now;
    } else {
        counters_.sessions_half_closed.subtract();
        story_.half_closed_for = microseconds_between(half_closed_at_, around_.now);
    }
}

void journal::follow_causes(const ending::facts& known) noexcept
{
    if (known.first != already_.first) {
        already_.first = known.first;
        note(record::happening::cause, 0, static_cast<std::uint8_t>(known.first));
    }
    if (known.second != already_.second) {
        already_.second = known.second;
        note(record::happening::second, 0, static_cast<std::uint8_t>(known.second));
    }
}

// --- in detail -----------------------------------------------------------------------------------

void journal::detail_once(std::string_view text) noexcept
{
    if (story_.detail.empty())
        story_.detail = text;
}

void journal::detail_errno(int error) noexcept
{
    if (error != 0)
        detail_once(strerrordesc_np(error));
}

void journal::record_event(record::happening what, std::uint64_t amount,
                           std::uint8_t detail) noexcept
{
    recorder_.add(microseconds_between(story_.accepted, around_.now), what, amount, detail);
}

void journal::note_alerts(peer& of) noexcept
{
    if (!recorder_.is_on())
        return;
    tls_transport* const secured = of.transport().tls();
    if (secured == nullptr)
        return;
    const tls::channel::seen_alerts alerts = secured->take_alerts();
    if (alerts.received.has_value())
        note(record::happening::alert_received, 0, *alerts.received);
    if (alerts.sent.has_value())
        note(record::happening::alert_sent, 0, *alerts.sent);
}

// --- the record ----------------------------------------------------------------------------------

record::ended_session journal::close(const route& route, const ending::facts& known,
                                     const peer& client) noexcept
{
    follow_causes(known);
    const record::ended_session told = tell(story_, settings_, route, known, client, around_.now);
    at(at(counters_.sessions_ended, told.cause), told.outcome).add();
    at(counters_.close_seconds, route.shutdown.rules.mode)
        .observe(base::in_seconds(around_.now - story_.first_end));
    for (std::size_t i = 0; i < told.lost.size(); ++i) {
        counters_.lost_bytes[i].add(told.lost[i]);
        counters_.unconfirmed_bytes[i].add(told.unconfirmed[i]);
    }
    counters_.undecrypted_bytes.add(told.undecrypted);
    counters_.sessions_open.subtract();
    if (already_.has_ended)
        counters_.sessions_closing.subtract();
    if (already_.is_half_closed)
        counters_.sessions_half_closed.subtract();
    return told;
}

} // namespace ferrule::session
