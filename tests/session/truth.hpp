// The rules of docs/endings.md as an observer sees them who knows what both peers did and saw.
//
// Shares no code with the decisions it judges: what is compared are bytes, ends as the kernel
// reported them to the peers, and the session's record.
#pragma once

#include "session/stage.hpp"
#include "session/told.hpp"

#include <cstdlib>
#include <sstream>
#include <string>

namespace ferrule::test {

class truth {
public:
    truth(const stage& happened, const world_options& options, bool in_any_order)
        : stage_{happened},
          it_{happened.it},
          told_{happened.it.told()},
          manners_{options.shutdown.rules},
          in_any_order_{in_any_order}
    {
    }

    void check() const
    {
        SCOPED_TRACE(ending_of(told_) + ". What happened:" + deeds_in_words());
        check_record();
        check_client();
        check_backend();
        const raw_peer& client = it_.client.tcp();
        const raw_peer& backend = it_.backend.tcp();
        check_bytes(1, it_.backend.sent(), backend, it_.client.received(), client);
        check_bytes(0, it_.client.sent(), client, it_.backend.received(), backend);
        check_acts();
        check_counters();
    }

private:
    using cause = ending::cause;

    bool was(cause what) const { return told_.cause == what || told_.second == what; }

    /// The proxy itself ended the session, and the operator calls that a clean end.
    bool may_lie() const
    {
        return manners_.on_proxy_end == ending::proxy_policy::notify &&
               (was(cause::idle_timeout) || was(cause::half_close_timeout) ||
                was(cause::write_stalled) || was(cause::killed) || was(cause::drain) ||
                manners_.half_close == ending::half_close::close);
    }

    /// The proxy itself ended a quiet session, so it may have asked the backend to end (E8). Only
    /// silence makes it quiet, and the clock stands still in these scripts.
    bool may_have_asked() const
    {
        return manners_.on_proxy_end == ending::proxy_policy::ask &&
               (was(cause::idle_timeout) ||
                (stage_.stood_still() > 0ms && (was(cause::killed) || was(cause::drain))));
    }

    void check_record() const
    {
        EXPECT_EQ(1U, it_.records.size()) << "E5: one record for each session";
        EXPECT_TRUE(stage_.may_be_first(told_.cause, in_any_order_))
            << "E5: " << ending::to_text(told_.cause) << " did not happen first";
        const base::milliseconds longest = 155s + 5s + stage_.stood_still();
        EXPECT_LE(told_.close, longest) << "E4";
        EXPECT_LE(told_.close, told_.total);
        EXPECT_EQ(told_.lost[0] + told_.lost[1] > 0, told_.outcome == ending::outcome::lost);
        if (told_.unconfirmed[0] + told_.unconfirmed[1] > 0) {
            EXPECT_TRUE(told_.outcome == ending::outcome::unconfirmed ||
                        told_.outcome == ending::outcome::lost);
        }
        if (told_.outcome == ending::outcome::clean) {
            EXPECT_TRUE(it_.client.said_goodbye() && it_.backend.tcp().has_sent_fin())
                << "clean is what both sides made so";
        }
        EXPECT_EQ(told_.outcome == ending::outcome::none, !it_.backend.is_connected());
        if (told_.outcome == ending::outcome::unconfirmed) {
            EXPECT_TRUE(it_.client.tcp().did_reset() || it_.backend.tcp().did_reset())
                << "E6: peers that stay acknowledge everything";
        }
    }

    std::string deeds_in_words() const
    {
        std::ostringstream out;
        for (const stage::deed& each : stage_.deeds())
            out << " " << each.moment << ":" << ending::to_text(each.what);
        return out.str();
    }

    void check_client() const
    {
        const scripted_client& client = it_.client;
        const bool backend_ended_clean =
            it_.backend.tcp().has_sent_fin() && client.received() == it_.backend.sent();
        if (client.saw_close_notify()) {
            EXPECT_TRUE(backend_ended_clean || may_lie()) << "E8: a lie to the client";
            // Behind an end of the proxy's own, what still comes is thrown away, and said so.
            EXPECT_TRUE(told_.bytes[1] == client.received().size() || may_lie())
                << "E1: not the last byte";
            EXPECT_NE(ending::mode::abort, manners_.mode) << "mode abort says no close_notify";
        }
        if (client.saw_fin() && !client.saw_close_notify()) {
            EXPECT_TRUE(was(cause::tls_error) || was(cause::handshake_failed) ||
                        was(cause::probe) ||
                        (manners_.on_backend_reset == ending::backend_policy::truncate &&
                         was(cause::backend_reset)))
                << "E1: a bare FIN, which most clients take for an end";
        }
        EXPECT_FALSE(client.saw_bytes_behind_close_notify()) << "a close_notify is the last record";
        EXPECT_TRUE(!client.has_failed() || client.saw_alert() || client.has_spoiled())
            << "the proxy broke TLS";
        EXPECT_TRUE(client.tcp().did_reset() || client.tcp().saw_end())
            << "the client was told nothing";
    }

    void check_backend() const
    {
        const scripted_backend& backend = it_.backend;
        if (!backend.is_connected()) {
            EXPECT_EQ(ending::act::none, told_.backend_act);
            EXPECT_EQ(0U, told_.bytes[0] + told_.bytes[1]);
            return;
        }
        EXPECT_EQ(1U, it_.counters.handshakes[0].get())
            << "no connection before the handshake is done";
        const scripted_client& client = it_.client;
        if (backend.saw_fin()) {
            // Where a reset is forgiven, what it has destroyed is not known to the proxy.
            const bool is_end =
                (client.said_goodbye() && backend.received() == client.sent()) ||
                (manners_.on_client_truncation == ending::client_policy::fin &&
                 client.tcp().has_sent_fin() && backend.received() == client.sent()) ||
                (manners_.on_client_reset == ending::client_policy::fin &&
                 client.tcp().did_reset() && backend.received().size() == told_.bytes[0]);
            EXPECT_TRUE(is_end || may_lie() || may_have_asked()) << "E1: a lie to the backend";
        }
        EXPECT_TRUE(backend.tcp().did_reset() || backend.tcp().saw_end())
            << "the backend was told nothing";
    }

    /// E2 and E6 for one direction.
    void check_bytes(std::size_t direction, const std::string& sent, const raw_peer& sender,
                     const std::string& received, const raw_peer& receiver) const
    {
        const std::string name = direction == 0 ? "to_backend" : "to_client";
        const std::uint64_t read = told_.bytes[direction];
        const std::uint64_t lost = told_.lost[direction];
        EXPECT_EQ(sent.substr(0, received.size()), received) << name << ": not what was sent";
        EXPECT_LE(received.size(), read) << name;
        EXPECT_LE(read, sent.size()) << name;
        EXPECT_LE(lost, read) << name;
        if (receiver.did_reset())
            return; // what it had not read died with it, acknowledged or not
        // What comes from a side that was told our end already is thrown away.
        if (lost > 0 && !receiver.saw_fin() && !sender.saw_fin()) {
            EXPECT_TRUE(has_run_out_of_time())
                << name << " E2: an RST destroyed " << lost << " bytes";
        }
        const std::uint64_t missing = read - received.size();
        EXPECT_TRUE(missing > 0 ? lost > 0 : lost == 0 || has_run_out_of_time())
            << name << " E6: read " << read << ", received " << received.size() << ", lost "
            << lost;
        // Towards the client it is known in ciphertext only, so to a record. It may be said of more
        // than is missing where the acknowledgement was on its way.
        const std::uint64_t tolerance = direction == 0 ? 0 : 16'500;
        EXPECT_LE(missing, lost + tolerance) << name << " E6";
        if (!has_run_out_of_time()) {
            EXPECT_LE(lost, missing + tolerance) << name << " E6";
        }
    }

    /// What may destroy bytes that a living sink still takes (E2).
    bool has_run_out_of_time() const
    {
        return it_.timeouts_counted(metrics::shutdown_timeout::stall) > 0 ||
               it_.timeouts_counted(metrics::shutdown_timeout::deadline) > 0 ||
               stage_.was_ended_at_once();
    }

    void check_acts() const
    {
        // A client that leaves during the handshake has heard nothing yet that a FIN could spoil.
        const bool left_early = was(cause::probe) || was(cause::handshake_failed);
        const auto check_one = [&](ending::act act, const raw_peer& tcp, bool has_ended,
                                   const char* side) {
            SCOPED_TRACE(side);
            // Behind a FIN from each side there is no connection that an RST could belong to.
            const bool reset =
                tcp.saw_reset() || tcp.did_reset() || (tcp.saw_fin() && tcp.has_sent_fin());
            const bool fin = tcp.saw_fin() || tcp.did_reset();
            switch (act) {
            case ending::act::exchanged:
                EXPECT_TRUE(fin);
                EXPECT_TRUE(has_ended) << "an end was seen that never came";
                break;
            case ending::act::sent: EXPECT_TRUE(fin); break;
            case ending::act::reset: EXPECT_TRUE(reset); break;
            case ending::act::gone:
                EXPECT_TRUE(tcp.did_reset() || (left_early && tcp.has_sent_fin())) << "it is there";
                break;
            case ending::act::none: break;
            }
        };
        const scripted_client& client = it_.client;
        check_one(told_.client_act, client.tcp(),
                  client.said_goodbye() || client.tcp().has_sent_fin() || client.has_spoiled() ||
                      client.tcp().did_reset(),
                  "client");
        EXPECT_NE(ending::act::none, told_.client_act);
        check_one(told_.backend_act, it_.backend.tcp(),
                  it_.backend.tcp().has_sent_fin() || it_.backend.tcp().did_reset(), "backend");
    }

    void check_counters() const
    {
        const metrics::listener_counters& counted = it_.counters;
        EXPECT_EQ(0U, counted.sessions_open.get());
        EXPECT_EQ(0U, counted.sessions_half_closed.get());
        EXPECT_EQ(0U, counted.sessions_closing.get());
        EXPECT_EQ(1U, counted.sessions_started.get());
        EXPECT_EQ(1U, counted
                          .sessions_ended[static_cast<std::size_t>(told_.cause)]
                                         [static_cast<std::size_t>(told_.outcome)]
                          .get());
        for (std::size_t i = 0; i < 2; ++i) {
            EXPECT_EQ(told_.bytes[i], counted.bytes[i].get());
            EXPECT_EQ(told_.lost[i], counted.lost_bytes[i].get());
            EXPECT_EQ(told_.unconfirmed[i], counted.unconfirmed_bytes[i].get());
        }
        std::uint64_t handshakes = 0;
        for (const metrics::number& each : counted.handshakes)
            handshakes += each.get();
        EXPECT_EQ(1U, handshakes) << "each handshake has one result";
        if (it_.client.saw_close_notify()) {
            EXPECT_EQ(1U, counted.close_notify[0].get());
        }
        EXPECT_LE(counted.close_notify[1].get(), it_.client.said_goodbye() ? 1U : 0U);
        EXPECT_EQ(told_.client_act == ending::act::reset ? 1U : 0U, counted.resets[0][1].get());
        EXPECT_EQ(told_.backend_act == ending::act::reset ? 1U : 0U, counted.resets[1][1].get());
        EXPECT_LE(counted.resets[0][0].get(), it_.client.tcp().did_reset() ? 1U : 0U);
        EXPECT_LE(counted.resets[1][0].get(), it_.backend.tcp().did_reset() ? 1U : 0U);
    }

    const stage& stage_;
    const world& it_;
    const record::ended_session& told_;
    const ending::rules& manners_;
    bool in_any_order_;
};

} // namespace ferrule::test
