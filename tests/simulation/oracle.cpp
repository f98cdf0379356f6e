// E1, E3 and E5: what each side was told, and what the record says.
#include "simulation/oracle.hpp"

#include <algorithm>

namespace ferrule::simulation {

oracle::oracle(theatre& of)
    : of_{of},
      seen_{of.seen()},
      plan_{of.plan()},
      told_{of.told()},
      manners_{of.plan().shutdown.rules},
      client_{of.client_side()},
      backend_{told_.server.view().empty() ? nullptr : of.backend_side()},
      to_client_{of.proxy_client()},
      to_backend_{backend_ == nullptr ? nullptr : of.proxy_backend()}
{
    if (backend_ != nullptr)
        connected_at_ = seen_.accepted + told_.handshake + told_.connect;
}

std::vector<std::string> oracle::judge()
{
    check_record();
    check_client();
    check_backend();
    check_acts();
    check_counters();
    check_to_backend();
    check_to_client();
    check_outcome();
    check_unread();
    if (!seen_.stood_still) {
        check_politeness();
        check_goodbye_in_silence();
        check_silence();
        check_idleness();
        check_vanished();
        check_deadlines();
    }
    return found_;
}

void oracle::expect(bool holds, const char* rule, const std::string& what)
{
    if (!holds)
        found_.push_back(std::string(rule) + ": " + what);
}

std::uint64_t oracle::timeouts(metrics::shutdown_timeout which) const
{
    return of_.counters.timeouts[static_cast<std::size_t>(which)].get();
}

bool oracle::said_goodbye() const
{
    return client_.goodbye_at() <= client_.tcp().tcp().written;
}

/// The proxy itself ended the session, and may have told it as a clean end (E1).
bool oracle::may_be_polite() const
{
    const bool by_proxy = was(cause::idle_timeout) || was(cause::half_close_timeout) ||
                          was(cause::lifetime) || was(cause::drain) || was(cause::killed) ||
                          manners_.half_close == ending::half_close::close;
    switch (manners_.on_proxy_end) {
    case ending::proxy_policy::reset: return false;
    case ending::proxy_policy::notify: return by_proxy || was(cause::write_stalled);
    case ending::proxy_policy::ask: return by_proxy;
    }
    return false;
}

bool oracle::has_run_out_of_time() const
{
    return timeouts(metrics::shutdown_timeout::stall) > 0 ||
           timeouts(metrics::shutdown_timeout::deadline) > 0 || seen_.ended_at_once != never ||
           was(cause::limit);
}

oracle::moments oracle::of_client(cause what) const
{
    const bool relays = connected_at_ != never;
    const auto relayed = [&](time_point read) {
        return relays && read != never ? std::max(read, connected_at_) : never;
    };
    const bool by_reset = to_client_.read_reset_at <= to_client_.read_fin_at;
    switch (what) {
    case cause::client_eof: return {seen_.goodbye_read, relayed(seen_.goodbye_read)};
    case cause::tls_error:
        return {std::min(seen_.spoiled_read, seen_.begun_read), relayed(seen_.spoiled_read)};
    case cause::client_truncated:
        if (by_reset || seen_.goodbye_read <= to_client_.read_fin_at)
            return {};
        // Amid a message it is tls_error, or truncated if that was known before.
        return {to_client_.read_fin_at,
                seen_.begun_read == never ? relayed(to_client_.read_fin_at) : never};
    case cause::client_reset:
        return {std::min(to_client_.first_reset_seen, to_client_.read_reset_at),
                relayed(to_client_.read_reset_at)};
    default: return {};
    }
}

oracle::moments oracle::of_backend(cause what) const
{
    if (to_backend_ == nullptr)
        return {};
    const bool by_reset = to_backend_->read_reset_at <= to_backend_->read_fin_at;
    if (what == cause::backend_eof)
        return by_reset ? moments{} : moments{to_backend_->read_fin_at, to_backend_->read_fin_at};
    return {std::min(to_backend_->first_reset_seen, to_backend_->read_reset_at),
            to_backend_->read_reset_at};
}

oracle::moments oracle::of_proxy(cause what) const
{
    const bool is_established = of_.counters.handshakes[0].get() > 0;
    const auto once = [&](bool it) { return moments{it ? seen_.accepted : never, never}; };
    using metrics::shutdown_timeout;
    switch (what) {
    case cause::handshake_failed:
    case cause::probe: return once(!is_established);
    case cause::no_backend: return once(is_established && backend_ == nullptr);
    case cause::limit: return once(of_.world().had_no_descriptor);
    case cause::idle_timeout:
        return {plan_.timeouts.idle == base::off ? never : seen_.accepted + plan_.timeouts.idle,
                never};
    case cause::write_stalled:
        if (timeouts(shutdown_timeout::stall) > 0)
            return once(true);
        return of_proxy(cause::idle_timeout);
    case cause::half_close_timeout: return once(timeouts(shutdown_timeout::half_close) > 0);
    case cause::close_timeout: return once(timeouts(shutdown_timeout::close_notify) > 0);
    case cause::lifetime:
        return {plan_.timeouts.lifetime == base::off ? never
                                                     : seen_.accepted + plan_.timeouts.lifetime,
                never};
    case cause::drain:
        return {std::min({seen_.drain_from, seen_.cut_at, seen_.ended_at_once}),
                seen_.ended_at_once};
    case cause::killed: return {seen_.killed, seen_.killed};
    default: return {};
    }
}

oracle::moments oracle::of(cause what) const
{
    switch (what) {
    case cause::client_eof:
    case cause::client_truncated:
    case cause::client_reset:
    case cause::tls_error: return of_client(what);
    case cause::backend_eof:
    case cause::backend_reset: return of_backend(what);
    default: return of_proxy(what);
    }
}

void oracle::check_record()
{
    expect(seen_.records.size() == 1, "E5", "one record for each session");
    const std::string first{ending::to_text(told_.cause)};
    const time_point since = of(told_.cause).possible;
    expect(since != never, "E5", "the cause is " + first + ", which did not happen");
    for (const cause each : ending::all_causes) {
        if (each != told_.cause && !seen_.stood_still && since != never)
            expect(of(each).certain >= since, "E5",
                   "the cause is " + first + ", but " + std::string(ending::to_text(each)) +
                       " was known before");
    }
    if (told_.second != cause::none)
        expect(of(told_.second).possible != never, "E5",
               std::string(ending::to_text(told_.second)) +
                   " is the second cause and did not happen");
    expect(told_.cause != cause::half_close_timeout && told_.cause != cause::close_timeout, "E5",
           first + " is only ever second");
    if (!seen_.stood_still) {
        const bool was_stalled = seen_.had_backlog_before_end && seen_.had_backlog_at_end;
        expect(told_.cause != cause::idle_timeout || !was_stalled, "E5",
               "idle_timeout, but bytes were waiting: write_stalled");
        const bool may_wait = seen_.had_backlog_before_end || plan_.network.is_short_of_memory;
        expect(told_.cause != cause::write_stalled || may_wait, "E5", "no bytes were waiting");
    }
}

void oracle::check_client()
{
    if (client_.saw_close_notify()) {
        const bool backend_ended = backend_ != nullptr && backend_->tcp().has_sent_fin() &&
                                   client_.received() == backend_->tcp().tcp().written;
        expect(backend_ended || may_be_polite(), "E1",
               "a close_notify that is a lie to the client");
        expect(manners_.mode != ending::mode::abort, "E1", "mode abort says no close_notify");
        expect(client_.received() == told_.bytes[1] || may_be_polite() || told_.lost[1] > 0, "E1",
               "a close_notify before the last byte");
    }
    if (client_.tcp().saw_fin() && !client_.saw_close_notify() && !client_.tcp().did_reset())
        expect(client_.saw_alert() || was(cause::tls_error) || was(cause::handshake_failed) ||
                   was(cause::probe) ||
                   (manners_.on_backend_reset == ending::backend_policy::truncate &&
                    of_backend(cause::backend_reset).possible != never),
               "E1", "a bare FIN to the client, which most clients take for an end");
    expect(!client_.saw_bytes_behind_close_notify(), "E1", "bytes behind a close_notify");
    expect(!client_.has_failed() || client_.saw_alert() || client_.spoiled_at() != client::nowhere,
           "E1", "the proxy broke TLS");
    expect(client_.tcp().did_reset() || client_.tcp().has_vanished() || client_.tcp().saw_end(),
           "E1", "the client was told nothing");
}

void oracle::check_backend()
{
    if (backend_ == nullptr) {
        expect(told_.bytes[0] + told_.bytes[1] == 0, "E6", "bytes were read without a backend");
        return;
    }
    const far_side& tcp = backend_->tcp();
    if (tcp.saw_fin()) {
        // Where a reset is forgiven, what it has destroyed is not known to the proxy.
        const bool is_end = (said_goodbye() && backend_->received() == client_.sent()) ||
                            (manners_.on_client_truncation == ending::client_policy::fin &&
                             client_.tcp().has_sent_fin() &&
                             backend_->received() == told_.bytes[0] && told_.undecrypted == 0) ||
                            (manners_.on_client_reset == ending::client_policy::fin &&
                             to_client_.reset_arrived && backend_->received() == told_.bytes[0]);
        expect(is_end || may_be_polite(), "E1", "a FIN that is a lie to the backend");
    }
    expect(tcp.did_reset() || tcp.has_vanished() || tcp.saw_end(), "E1",
           "the backend was told nothing");
}

void oracle::check_acts()
{
    const auto check = [&](ending::act act, const endpoint* proxy, bool peer_ended,
                           const std::string& side) {
        const std::string said = side + "_act is " + std::string(ending::to_text(act)) + ", but ";
        switch (act) {
        case ending::act::exchanged:
            expect(proxy->fin_queued, "E5", said + "no FIN was sent");
            expect(peer_ended, "E5", said + "the peer never ended");
            break;
        case ending::act::sent: expect(proxy->fin_queued, "E5", said + "no FIN was sent"); break;
        case ending::act::reset:
            expect(proxy->reset_was_sent, "E5", said + "no RST was sent");
            break;
        case ending::act::gone:
            expect(proxy->reset_arrived || was(cause::probe) || was(cause::handshake_failed), "E5",
                   said + "the peer is there");
            break;
        case ending::act::none:
            expect(proxy == nullptr, "E5", said + "there was a connection");
            break;
        }
    };
    check(told_.client_act, &to_client_,
          said_goodbye() || client_.spoiled_at() != client::nowhere || seen_.begun_read != never ||
              to_client_.fin_arrived || to_client_.reset_arrived,
          "client");
    expect((told_.backend_act == ending::act::none) == (backend_ == nullptr), "E5",
           "backend_act does not fit the connection");
    if (backend_ != nullptr)
        check(told_.backend_act, to_backend_,
              to_backend_->fin_arrived || to_backend_->reset_arrived, "backend");
}

void oracle::check_counters()
{
    const metrics::listener_counters& counted = of_.counters;
    const auto same = [&](std::uint64_t is, std::uint64_t wanted, const char* name) {
        if (is != wanted)
            expect(false, "E5",
                   std::string(name) + " is counted as " + std::to_string(is) + " and not " +
                       std::to_string(wanted));
    };
    same(counted.sessions_open.get(), 0, "sessions_open");
    same(counted.sessions_half_closed.get(), 0, "sessions_half_closed");
    same(counted.sessions_closing.get(), 0, "sessions_closing");
    same(counted.sessions_started.get(), 1, "sessions_started");
    same(counted
             .sessions_ended[static_cast<std::size_t>(told_.cause)]
                            [static_cast<std::size_t>(told_.outcome)]
             .get(),
         1, "sessions_ended");
    for (const std::size_t i : {0U, 1U}) {
        same(counted.bytes[i].get(), told_.bytes[i], "bytes");
        same(counted.lost_bytes[i].get(), told_.lost[i], "lost_bytes");
        same(counted.unconfirmed_bytes[i].get(), told_.unconfirmed[i], "unconfirmed_bytes");
    }
    std::uint64_t handshakes = 0;
    for (const metrics::number& each : counted.handshakes)
        handshakes += each.get();
    same(handshakes, 1, "handshakes");
    same(counted.resets[0][1].get(), told_.client_act == ending::act::reset ? 1 : 0, "resets out");
    same(counted.resets[1][1].get(), told_.backend_act == ending::act::reset ? 1 : 0, "resets out");
    expect(counted.resets[0][0].get() <= (to_client_.reset_arrived ? 1U : 0U), "E5",
           "a reset by the client that never came");
}

} // namespace ferrule::simulation
