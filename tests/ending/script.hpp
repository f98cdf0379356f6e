// Endings as a story: what happens, one event after the other, and what the closer does about each.
//
// A row is told with the functions of ending/observe.hpp and ending/next_step.hpp alone, as a
// session tells it: after each event all steps are taken until there is something to wait for.
#pragma once

#include "ending/next_step.hpp"
#include "ending/observe.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace ferrule::ending::script {

/// One thing that happens.
struct event {
    const char* name;
    void (*apply)(facts& now, const rules& manners);
    phase begins = phase::relaying; ///< where a story stands that begins with it
};

/// An event, and what is said because of it: the steps, then what is waited for ("and ask" where
/// the peer's kernel has to be asked for its acknowledgement).
struct moment {
    event happens;
    const char* then;
};

struct row {
    const char* id;       ///< the row of docs/endings.md, or the rule that it shows
    const char* sentence; ///< what is given, and what it is about
    rules manners;
    std::vector<moment> story;
    act client_act = act::none;
    act backend_act = act::none;
    cause first = cause::none;
    cause second = cause::none;
    first_end ended_first = first_end::proxy;
};

/// What GoogleTest prints of a row.
inline void PrintTo(const row& told, std::ostream* out)
{
    *out << told.sentence;
}

// --- what happens --------------------------------------------------------------------------------

/// Bytes are read from `From`; its counterpart takes them, or leaves some with us.
template <side From, bool Taken>
void sends(facts& now, const rules&)
{
    EXPECT_TRUE(wants_reading(now, From)) << "a session would not read this";
    Taken ? handed_over(now, other(From)) : kept(now, other(From));
}

template <side Who>
void takes(facts& now, const rules&)
{
    EXPECT_TRUE(flow_to(now, Who).buffered);
    flushed(now, Who);
}

template <side Who>
void acknowledges(facts& now, const rules&)
{
    EXPECT_TRUE(flow_to(now, Who).unacked);
    acknowledged(now, Who);
}

template <side Who, source How>
void ends(facts& now, const rules& manners)
{
    source_ended(now, manners, Who, How);
}

template <source How>
void ends_inside_a_record(facts& now, const rules& manners)
{
    source_ended(now, manners, side::client, How, true);
}

template <bool Alerted>
void breaks_tls(facts& now, const rules&)
{
    tls_failed(now, Alerted);
}

template <side Who, bool HadWaiting>
void loses_sink(facts& now, const rules&)
{
    sink_lost(now, Who, HadWaiting);
}

/// `Quiet`: nothing is under way, and nobody is owed an answer.
template <cause Why, bool Quiet>
void proxy_ends(facts& now, const rules& manners)
{
    proxy_ended(now, manners, Why, Quiet);
}

template <cause Why>
void gives_up(facts& now, const rules&)
{
    given_up(now, Why);
}

template <bool Quiet>
void bound_passes(facts& now, const rules& manners)
{
    patience_ended(now, manners, next_step(now, manners).bound, Quiet);
}

inline void use_up_linger_bytes(facts& now, const rules&)
{
    linger_bytes_used_up(now);
}

inline void pass_deadline(facts& now, const rules&)
{
    EXPECT_TRUE(is_closing(now)) << "the deadline is not armed yet";
    deadline_passed(now);
}

template <cause Why, told Client>
void fails_handshake(facts& now, const rules&)
{
    handshake_ended(now, Why, Client);
}

template <cause Why>
void finds_no_backend(facts& now, const rules&)
{
    backend_missing(now, Why);
}

inline void leaves_early(facts& now, const rules&)
{
    client_left_early(now);
}

constexpr auto client = side::client;
constexpr auto backend = side::backend;

inline constexpr event client_sends{"the client sends", sends<client, true>};
inline constexpr event client_sends_too_much{"the client sends, the backend does not take all",
                                             sends<client, false>};
inline constexpr event client_takes{"the client takes what has waited", takes<client>};
inline constexpr event client_acknowledges{"the client acknowledges", acknowledges<client>};
inline constexpr event client_says_goodbye{"close_notify from the client",
                                           ends<client, source::clean>};
inline constexpr event client_truncates{"FIN without close_notify from the client",
                                        ends<client, source::truncated>};
inline constexpr event client_truncates_inside_a_record{"FIN inside a record from the client",
                                                        ends_inside_a_record<source::truncated>};
inline constexpr event client_resets_inside_a_record{"RST inside a record from the client",
                                                     ends_inside_a_record<source::reset>};
inline constexpr event client_resets{"RST from the client", ends<client, source::reset>};
inline constexpr event client_breaks_tls{"a fatal alert, or a broken record, from the client",
                                         breaks_tls<true>};
inline constexpr event tls_fails_without_alert{"TLS fails, and no alert can be made",
                                               breaks_tls<false>};
inline constexpr event client_refuses_bytes{"a write to the client fails",
                                            loses_sink<client, true>};

inline constexpr event backend_sends{"the backend sends", sends<backend, true>};
inline constexpr event backend_sends_too_much{"the backend sends, the client does not take all",
                                              sends<backend, false>};
inline constexpr event backend_takes{"the backend takes what has waited", takes<backend>};
inline constexpr event backend_acknowledges{"the backend acknowledges", acknowledges<backend>};
inline constexpr event backend_sends_fin{"FIN from the backend", ends<backend, source::clean>};
inline constexpr event backend_resets{"RST from the backend", ends<backend, source::reset>};
inline constexpr event backend_refuses_bytes{"a write to the backend fails",
                                             loses_sink<backend, true>};
inline constexpr event backend_is_given_up{"the kernel gives the backend up; nothing waited for it",
                                           loses_sink<backend, false>};

inline constexpr event time_passes{"the bound passes", bound_passes<false>};
inline constexpr event silence_passes{"the bound passes in silence", bound_passes<true>};
inline constexpr event linger_bytes_are_used_up{"linger_bytes were discarded", use_up_linger_bytes};
inline constexpr event deadline_passes{"the deadline passes", pass_deadline};
inline constexpr event drain_cuts{"the drain time is over", proxy_ends<cause::drain, false>};
inline constexpr event drain_cuts_in_silence{"the drain time is over, in silence",
                                             proxy_ends<cause::drain, true>};

inline constexpr event drain_asks{"a drain finds the session quiet",
                                  proxy_ends<cause::drain, true>};
inline constexpr event killed_in_silence{"an operator ends the quiet session",
                                         proxy_ends<cause::killed, true>};
inline constexpr event killed_by_order{"an operator ends the session",
                                       proxy_ends<cause::killed, false>};
inline constexpr event memory_runs_out{"memory runs out", gives_up<cause::limit>};
inline constexpr event something_breaks{"a fault of our own", gives_up<cause::internal>};

inline constexpr event no_server_takes_it{"no server takes the connection",
                                          finds_no_backend<cause::no_backend>, phase::connecting};
inline constexpr event connect_takes_too_long{"the connect takes too long", bound_passes<false>,
                                              phase::connecting};
inline constexpr event no_descriptor_is_left{"no descriptor is left for a backend",
                                             finds_no_backend<cause::limit>, phase::connecting};
inline constexpr event client_resets_early{"RST from the client while connecting", leaves_early,
                                           phase::connecting};
inline constexpr event drain_cuts_a_connect{"the drain time is over while we connect",
                                            proxy_ends<cause::drain, true>, phase::connecting};
inline constexpr event client_probes{"an end of the client before its first byte",
                                     fails_handshake<cause::probe, told::gone>, phase::handshaking};
inline constexpr event client_leaves_handshake{"an end of the client during the handshake",
                                               fails_handshake<cause::handshake_failed, told::gone>,
                                               phase::handshaking};
inline constexpr event handshake_is_refused{"the handshake fails, an alert is sent",
                                            fails_handshake<cause::handshake_failed, told::alert>,
                                            phase::handshaking};
inline constexpr event handshake_takes_too_long{"the handshake takes too long", bound_passes<false>,
                                                phase::handshaking};
inline constexpr event killed_in_handshake{"an operator ends the session in its handshake",
                                           proxy_ends<cause::killed, true>, phase::handshaking};
inline constexpr event breaks_in_handshake{"a fault of our own in the handshake",
                                           gives_up<cause::internal>, phase::handshaking};

// --- telling it ----------------------------------------------------------------------------------

/// Takes all steps and says them: "finish_client, wait stall and ask".
inline std::string settle(facts& now, const rules& manners)
{
    std::string said;
    for (int steps = 0; steps < 10; ++steps) {
        const decision decided = next_step(now, manners);
        said += said.empty() ? "" : ", ";
        said += to_text(decided.next);
        if (decided.next == step::done)
            return said;
        if (decided.next == step::wait) {
            said += " " + std::string(to_text(decided.bound));
            return said + (decided.for_acknowledgement ? " and ask" : "");
        }
        performed(now, manners, decided.next);
    }
    return said + ", and so on without end";
}

inline void tell(const row& told)
{
    SCOPED_TRACE(std::string(told.id) + ": " + told.sentence);
    facts now;
    const phase begins = told.story.front().happens.begins;
    if (begins != phase::handshaking)
        handshake_done(now);
    if (begins == phase::relaying)
        connected(now);
    for (const moment& each : told.story) {
        each.happens.apply(now, told.manners);
        EXPECT_EQ(each.then, settle(now, told.manners)) << "after: " << each.happens.name;
    }
    EXPECT_TRUE(is_over(now)) << "the story does not come to its end";
    EXPECT_EQ(to_text(told.client_act), to_text(act_of(now, side::client))) << "client_act";
    EXPECT_EQ(to_text(told.backend_act), to_text(act_of(now, side::backend))) << "backend_act";
    EXPECT_EQ(to_text(told.first), to_text(now.first)) << "cause";
    EXPECT_EQ(to_text(told.second), to_text(now.second)) << "second";
    EXPECT_EQ(to_text(told.ended_first), to_text(first_end_of(now))) << "first_end";
}

class stories : public ::testing::TestWithParam<row> {};

inline std::string id_of(const ::testing::TestParamInfo<row>& which)
{
    return which.param.id;
}

} // namespace ferrule::ending::script
