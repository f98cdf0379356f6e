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
    flow_from(now, From).unacked = true;
    flow_from(now, From).buffered = !Taken;
}

template <side Who>
void takes(facts& now, const rules&)
{
    EXPECT_TRUE(flow_to(now, Who).buffered);
    flow_to(now, Who).buffered = false;
}

template <side Who>
void acknowledges(facts& now, const rules&)
{
    EXPECT_TRUE(flow_to(now, Who).unacked);
    flow_to(now, Who).unacked = false;
}

template <side Who, source How>
void ends(facts& now, const rules& manners)
{
    source_ended(now, manners, Who, How, false);
}

template <side Who>
void loses_sink(facts& now, const rules&)
{
    sink_lost(now, Who);
}

template <side Who>
void refuses_bytes(facts& now, const rules&)
{
    sink_lost(now, Who);
    bytes_dropped(now, Who);
}

/// `Quiet`: nothing waits, and no byte has moved for a second.
template <cause Why, bool Quiet>
void proxy_ends(facts& now, const rules& manners)
{
    proxy_ended(now, manners, Why, Quiet);
}

template <bool Quiet>
void bound_passes(facts& now, const rules& manners)
{
    patience_ended(now, manners, next_step(now, manners).bound, Quiet);
}

inline void use_up_linger_bytes(facts& now, const rules& manners)
{
    patience_ended(now, manners, patience::linger, false);
}

inline void pass_deadline(facts& now, const rules&)
{
    EXPECT_TRUE(is_closing(now)) << "the deadline is not armed yet";
    deadline_passed(now);
}

/// What the handshake itself has written may wait for its acknowledgement.
template <cause Why, bool AlertSent, bool ClientGone>
void fails_handshake(facts& now, const rules&)
{
    handshake_ended(now, Why, AlertSent, ClientGone);
    now.to_client.unacked = !ClientGone;
}

template <cause Why>
void finds_no_backend(facts& now, const rules&)
{
    backend_missing(now, Why);
    now.to_client.unacked = true;
}

inline void reset_while_connecting(facts& now, const rules&)
{
    now.to_client.to = sink::gone;
    backend_missing(now, cause::client_reset);
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
inline constexpr event client_resets{"RST from the client", ends<client, source::reset>};
inline constexpr event client_breaks_tls{"a fatal alert, or a broken record, from the client",
                                         ends<client, source::failed>};
inline constexpr event client_refuses_bytes{"a write to the client fails", refuses_bytes<client>};

inline constexpr event backend_sends{"the backend sends", sends<backend, true>};
inline constexpr event backend_sends_too_much{"the backend sends, the client does not take all",
                                              sends<backend, false>};
inline constexpr event backend_takes{"the backend takes what has waited", takes<backend>};
inline constexpr event backend_acknowledges{"the backend acknowledges", acknowledges<backend>};
inline constexpr event backend_sends_fin{"FIN from the backend", ends<backend, source::clean>};
inline constexpr event backend_resets{"RST from the backend", ends<backend, source::reset>};
inline constexpr event backend_refuses_bytes{"a write to the backend fails",
                                             refuses_bytes<backend>};
inline constexpr event backend_is_given_up{"the kernel gives the backend up; nothing waited for it",
                                           loses_sink<backend>};

inline constexpr event time_passes{"the bound passes", bound_passes<false>};
inline constexpr event silence_passes{"the bound passes in silence", bound_passes<true>};
inline constexpr event linger_bytes_are_used_up{"linger_bytes were discarded", use_up_linger_bytes};
inline constexpr event deadline_passes{"the deadline passes", pass_deadline};
inline constexpr event drain_cuts{"the drain time is over", proxy_ends<cause::drain, false>};
inline constexpr event drain_cuts_in_silence{"the drain time is over, in silence",
                                             proxy_ends<cause::drain, true>};

inline constexpr event no_server_takes_it{"no server takes the connection",
                                          finds_no_backend<cause::no_backend>};
inline constexpr event no_descriptor_is_left{"no descriptor is left for a backend",
                                             finds_no_backend<cause::limit>};
inline constexpr event client_resets_early{"RST from the client while connecting",
                                           reset_while_connecting};
inline constexpr event client_probes{"an end of the client before its first byte",
                                     fails_handshake<cause::probe, false, true>};
inline constexpr event client_leaves_handshake{
    "an end of the client during the handshake",
    fails_handshake<cause::handshake_failed, false, true>};
inline constexpr event handshake_is_refused{"the handshake fails, an alert is sent",
                                            fails_handshake<cause::handshake_failed, true, false>};
inline constexpr event handshake_takes_too_long{
    "the handshake takes too long", fails_handshake<cause::handshake_failed, false, false>};

// --- telling it ----------------------------------------------------------------------------------

/// Bytes for a sink that is gone are dropped, as a session does it.
inline void drop_undeliverable(facts& now)
{
    for (const side who : {side::client, side::backend}) {
        flow& into = flow_to(now, who);
        if (into.to == sink::gone && into.buffered) {
            into.buffered = false;
            bytes_dropped(now, who);
        }
    }
}

/// Takes all steps and says them: "finish_client, wait drain and ask".
inline std::string settle(facts& now, const rules& manners)
{
    std::string said;
    for (int steps = 0; steps < 10; ++steps) {
        drop_undeliverable(now);
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
