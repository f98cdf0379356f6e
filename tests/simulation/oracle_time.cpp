// E4: how long everything took.
#include "simulation/oracle.hpp"

#include <algorithm>
#include <chrono>

namespace ferrule::simulation {

using namespace std::chrono_literals;

namespace {

/// An acknowledgement, which nothing announces, is asked for at most this much later; and two ticks
/// of the deadline wheel.
constexpr base::milliseconds slack = 1300ms;

std::string number(base::clock::duration value)
{
    return std::to_string(std::chrono::duration_cast<base::milliseconds>(value).count()) + "ms";
}

} // namespace

/// `ask` makes no clean end of a peer that vanished, unless it was just now.
void oracle::check_vanished()
{
    if (backend_ == nullptr || manners_.on_proxy_end != ending::proxy_policy::ask)
        return;
    const auto check = [&](const far_side& peer, const endpoint& towards, time_point told,
                           const char* whom) {
        const auto silence = told - peer.tcp().last_arrival;
        expect(!peer.has_vanished() || told == never ||
                   silence < towards.keepalive.answers_within(),
               "E1",
               std::string("a clean end for the ") + whom + ", whose peer had vanished " +
                   number(silence) + " before");
    };
    if (client_.saw_close_notify() && !to_backend_->fin_arrived)
        check(backend_->tcp(), *to_backend_, to_client_.fin_queued_at, "client");
    // Whether a reset is forgiven is the operator's choice.
    if (backend_->tcp().saw_fin() && !said_goodbye() && !to_client_.fin_arrived &&
        !was(cause::client_reset))
        check(client_.tcp(), to_client_, to_backend_->fin_queued_at, "backend");
}

/// Idle is who has not moved a byte, of a record that is not whole either, and of whom nothing
/// waits to be read.
void oracle::check_idleness()
{
    if (told_.cause != cause::idle_timeout)
        return;
    expect(!seen_.had_unread_at_end, "E8", "idle, with bytes that nobody had read");
    constexpr base::milliseconds tick = 200ms;
    expect(seen_.ended - seen_.last_wire_before_end + tick >= plan_.timeouts.idle, "E8",
           "idle, and bytes had moved " + number(seen_.ended - seen_.last_wire_before_end) +
               " before");
}

void oracle::check_silence()
{
    const auto& bounds = plan_.shutdown;
    const auto at_most = [&](base::microseconds is, base::milliseconds bound, const char* where) {
        if (is > bound + slack)
            expect(false, "E4",
                   number(is) + " of silence " + where + ", allowed are " + number(bound));
    };
    const base::milliseconds timeout =
        bounds.rules.mode == ending::mode::wait ? bounds.timeout : 0ms;
    // What an idle session's peers have acknowledged is asked for each quarter of the bound.
    const base::milliseconds asked_after =
        std::min<base::milliseconds>(plan_.timeouts.idle / 4, 30s);
    if (plan_.timeouts.idle != base::off)
        at_most(seen_.longest_silence,
                std::max({plan_.timeouts.idle + asked_after, plan_.timeouts.handshake,
                          plan_.timeouts.connect,
                          bounds.stall_timeout}), // a side that is gone is read out first
                "before any end");
    at_most(seen_.longest_half_silence, std::max(bounds.half_close_timeout, timeout),
            "after the first end");
    // A backend that was asked to end has `timeout` for it, whatever the mode, or until the cut.
    const bool asks = manners_.on_proxy_end == ending::proxy_policy::ask;
    const base::milliseconds asked = asks ? bounds.timeout : 0ms;
    const base::milliseconds drained =
        asks && seen_.cut_at != never
            ? std::chrono::ceil<base::milliseconds>((seen_.cut_at - seen_.drain_from) * 2)
            : 0ms;
    // Bytes that our kernel had no memory for wait unseen.
    const base::milliseconds unseen = plan_.network.is_short_of_memory ? bounds.stall_timeout : 0ms;
    at_most(seen_.longest_closing_silence,
            std::max(std::max({timeout, asked, drained}) + bounds.linger, unseen),
            "behind our goodbye");
    at_most(seen_.longest_drain_silence,
            std::max({bounds.stall_timeout, bounds.half_close_timeout, timeout, asked, drained}),
            "while bytes or our FIN waited");
}

void oracle::check_deadlines()
{
    const auto over_by = [&](time_point since, base::milliseconds bound, const char* what) {
        if (since != never && seen_.over > since + bound + slack)
            expect(false, "E4",
                   "over " + number(seen_.over - since) + " after " + what + ", allowed are " +
                       number(bound));
    };
    expect(!seen_.was_unbounded, "E4", "an end had come, and no deadline was armed");
    expect(!seen_.is_stuck, "E4", "the session never ends");
    expect(!seen_.horizon_reached || plan_.timeouts.idle == base::off, "E4",
           "a session that nothing ends");
    const time_point first_end = seen_.over - told_.close;
    expect(!seen_.horizon_reached || first_end >= seen_.killed, "E4",
           "an end had come, and nothing ends the session");
    // The moment that neither source had more to give, as far as it can be known from outside.
    const auto certain = [&](cause what) { return of(what).certain; };
    const time_point clean_client = std::min(
        certain(cause::client_eof), manners_.on_client_truncation == ending::client_policy::fin
                                        ? certain(cause::client_truncated)
                                        : never);
    time_point sources_over = std::max(clean_client, certain(cause::backend_eof));
    sources_over = std::min({sources_over, certain(cause::client_reset), certain(cause::tls_error),
                             certain(cause::backend_reset)});
    if (manners_.on_client_truncation == ending::client_policy::reset)
        sources_over = std::min(sources_over, certain(cause::client_truncated));
    over_by(std::min(sources_over, seen_.closing_since), plan_.shutdown.deadline,
            "both sources had ended");
    if (seen_.cut_at < seen_.over)
        over_by(seen_.cut_at, 2s, "the drain's cut");
    over_by(seen_.ended_at_once, 0ms, "an end at once");
    const bool is_established = of_.counters.handshakes[0].get() > 0;
    const auto first_by = [&](base::milliseconds bound, const char* what) {
        if (first_end > seen_.accepted + bound + slack)
            expect(false, "E4", std::string("no end within ") + what);
    };
    if (plan_.timeouts.lifetime != base::off)
        first_by(plan_.timeouts.lifetime, "lifetime");
    if (!is_established)
        first_by(plan_.timeouts.handshake, "the handshake's time");
    else if (backend_ == nullptr)
        first_by(plan_.timeouts.handshake + plan_.timeouts.connect, "the connect's time");
    expect(first_end <= std::min(seen_.killed, seen_.ended_at_once) || seen_.killed == never ||
               first_end - seen_.killed <= slack,
           "E4", "a kill that did not end the session");
    expect(told_.close <= told_.total && seen_.accepted + told_.total == seen_.over, "E4",
           "the durations do not fit");
}

} // namespace ferrule::simulation
