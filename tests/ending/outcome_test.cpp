// What is told of an ended session, and the words it is told in. The words are an interface: logs,
// metrics and alerts of operators depend on them (docs/endings.md, "Vocabulary").

#include "ending/facts.hpp"
#include "ending/next_step.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace ferrule::ending {
namespace {

facts told(side who, sink what)
{
    facts now;
    now.contact = contact::connected;
    flow_to(now, who).to = what;
    return now;
}

/// The act on one side, given what it was told and how it ended as a sender.
std::string_view act_for(side who, sink what, source peer, bool answered = false)
{
    facts now = told(who, what);
    flow_from(now, who).from = peer;
    flow_from(now, who).answered = answered;
    return to_text(act_of(now, who));
}

TEST(act, exchanged_is_our_end_and_the_peers)
{
    for (const side who : {side::client, side::backend}) {
        for (const sink what : {sink::finished, sink::truncated}) {
            EXPECT_EQ("exchanged", act_for(who, what, source::clean));
            EXPECT_EQ("exchanged", act_for(who, what, source::truncated));
            EXPECT_EQ("exchanged", act_for(who, what, source::failed));
            EXPECT_EQ("exchanged", act_for(who, what, source::cut, true));
        }
    }
}

TEST(act, sent_is_our_end_without_an_answer)
{
    for (const side who : {side::client, side::backend}) {
        EXPECT_EQ("sent", act_for(who, sink::finished, source::cut));
        EXPECT_EQ("sent", act_for(who, sink::finished, source::open));
        EXPECT_EQ("sent", act_for(who, sink::truncated, source::cut));
    }
}

TEST(act, reset_is_our_reset_however_the_peer_had_ended)
{
    for (const side who : {side::client, side::backend}) {
        for (const source peer : {source::cut, source::clean, source::truncated, source::failed})
            EXPECT_EQ("reset", act_for(who, sink::aborted, peer));
    }
}

TEST(act, gone_is_a_peer_that_was_not_there_any_more)
{
    for (const side who : {side::client, side::backend}) {
        for (const source peer : {source::cut, source::clean, source::reset})
            EXPECT_EQ("gone", act_for(who, sink::gone, peer));
    }
}

TEST(act, none_is_a_backend_that_never_was)
{
    facts now = told(side::backend, sink::gone);
    now.contact = contact::never;
    EXPECT_EQ("none", to_text(act_of(now, side::backend)));
}

TEST(act, a_client_without_a_backend_was_told_something_nevertheless)
{
    facts now = told(side::client, sink::aborted);
    now.contact = contact::never;
    EXPECT_EQ("reset", to_text(act_of(now, side::client)));
}

TEST(act, one_side_says_nothing_of_the_other)
{
    facts now;
    now.contact = contact::connected;
    now.to_client = {.from = source::clean, .to = sink::finished};
    now.to_backend = {.from = source::cut, .to = sink::aborted};
    EXPECT_EQ("sent", to_text(act_of(now, side::client)));
    EXPECT_EQ("reset", to_text(act_of(now, side::backend)));
}

TEST(first_end, follows_from_the_cause)
{
    const auto whose = [](cause first) {
        facts now;
        now.first = first;
        now.second = cause::killed;
        return to_text(first_end_of(now));
    };
    for (const cause each : {cause::client_eof, cause::client_truncated, cause::client_reset,
                             cause::tls_error, cause::handshake_failed, cause::probe})
        EXPECT_EQ("client", whose(each)) << to_text(each);
    for (const cause each :
         {cause::backend_eof, cause::backend_truncated, cause::backend_reset, cause::no_backend})
        EXPECT_EQ("backend", whose(each)) << to_text(each);
    for (const cause each : {cause::idle_timeout, cause::half_close_timeout, cause::close_timeout,
                             cause::write_stalled, cause::lifetime, cause::limit, cause::drain,
                             cause::killed, cause::internal})
        EXPECT_EQ("proxy", whose(each)) << to_text(each);
}

// --- words ---------------------------------------------------------------------------------------

using words = std::vector<std::string_view>;

template <typename Values>
words words_of(const Values& values)
{
    words all;
    for (const auto each : values)
        all.push_back(to_text(each));
    return all;
}

/// The words of the values from 0 on, until there is no word any more: the whole enum.
template <typename Enum>
words words_of()
{
    words all;
    for (int value = 0; value < 256; ++value) {
        const std::string_view word = to_text(static_cast<Enum>(value));
        if (word == "?")
            break;
        all.push_back(word);
    }
    return all;
}

const words causes{
    "client_eof",    "backend_eof",   "client_truncated", "backend_truncated",
    "client_reset",  "backend_reset", "tls_error",        "handshake_failed",
    "probe",         "no_backend",    "idle_timeout",     "half_close_timeout",
    "close_timeout", "write_stalled", "lifetime",         "limit",
    "drain",         "killed",        "internal",
};

TEST(words_of_endings, are_those_of_the_manual)
{
    EXPECT_EQ(causes, words_of(all_causes));
    EXPECT_EQ((words{"clean", "cut", "unconfirmed", "lost", "none"}), words_of(all_outcomes));
    EXPECT_EQ((words{"wait", "notify", "abort"}), words_of(all_modes));

    EXPECT_EQ((words{"exchanged", "sent", "reset", "gone", "none"}), words_of<act>());
    EXPECT_EQ((words{"client", "backend", "proxy"}), words_of<first_end>());
    EXPECT_EQ((words{"open", "cut", "clean", "truncated", "reset", "failed", "absent"}),
              words_of<source>());
    EXPECT_EQ((words{"open", "finished", "truncated", "aborted", "gone"}), words_of<sink>());
    EXPECT_EQ((words{"handshaking", "connecting", "relaying", "closing"}), words_of<phase>());
    EXPECT_EQ((words{"handshake", "connect", "idle", "half_close", "ask", "close_notify", "stall",
                     "linger"}),
              words_of<patience>());
    EXPECT_EQ((words{"ask", "notify", "reset"}), words_of<proxy_policy>());
}

TEST(words_of_endings, name_both_values_of_a_pair)
{
    const auto pair = [](auto first, auto second) {
        return words{to_text(first), to_text(second)};
    };
    EXPECT_EQ((words{"client", "backend"}), pair(side::client, side::backend));
    EXPECT_EQ((words{"to_backend", "to_client"}),
              pair(direction::to_backend, direction::to_client));
    EXPECT_EQ((words{"carry", "close"}), pair(half_close::carry, half_close::close));
    EXPECT_EQ((words{"reset", "fin"}), pair(client_policy::reset, client_policy::fin));
    EXPECT_EQ((words{"reset", "truncate"}), pair(backend_policy::reset, backend_policy::truncate));
}

TEST(words_of_endings, lists_hold_the_whole_set)
{
    EXPECT_EQ(words_of<outcome>(), words_of(all_outcomes));
    EXPECT_EQ(words_of<mode>(), words_of(all_modes));
    // `none` is no cause: it is never reported, and says so.
    words with_none{"-"};
    with_none.insert(with_none.end(), causes.begin(), causes.end());
    EXPECT_EQ(with_none, words_of<cause>());
}

TEST(words_of_endings, name_every_step)
{
    EXPECT_EQ((words{"wait", "finish_client", "finish_backend", "truncate_client", "abort_client",
                     "abort_backend", "release_client", "release_backend", "done"}),
              words_of<step>());
}

// --- questions -----------------------------------------------------------------------------------

TEST(facts, each_flow_has_a_source_and_a_sink)
{
    facts now;
    flow_to(now, side::client).dropped = true;
    EXPECT_TRUE(now.to_client.dropped);
    EXPECT_TRUE(flow_from(now, side::backend).dropped);
    EXPECT_FALSE(now.to_backend.dropped);
    EXPECT_FALSE(flow_to(now, side::backend).dropped);
    EXPECT_FALSE(flow_from(now, side::client).dropped);

    peer_of(now, side::backend).stalled = true;
    EXPECT_TRUE(now.backend.stalled);
    EXPECT_FALSE(now.client.stalled);
    EXPECT_EQ(side::backend, other(side::client));
    EXPECT_EQ(side::client, other(side::backend));
}

TEST(facts, a_session_is_half_closed_between_its_first_and_its_second_end)
{
    facts now;
    now.contact = contact::connected;
    EXPECT_FALSE(has_ended(now));
    EXPECT_FALSE(is_half_closed(now));
    now.first = cause::client_eof;
    now.to_backend.from = source::clean;
    EXPECT_TRUE(has_ended(now));
    EXPECT_TRUE(is_half_closed(now));
    EXPECT_FALSE(is_closing(now));
    now.to_client.from = source::cut;
    EXPECT_FALSE(is_half_closed(now));
    EXPECT_TRUE(is_closing(now));
    now.client.released = true;
    EXPECT_FALSE(is_over(now));
    now.backend.released = true;
    EXPECT_TRUE(is_over(now));
}

TEST(facts, a_session_whose_backend_was_asked_is_closing)
{
    facts now;
    now.contact = contact::connected;
    now.first = cause::drain;
    now.asked = true;
    now.to_backend.from = source::cut;
    EXPECT_TRUE(is_closing(now)) << "the deadline bounds it";
    EXPECT_TRUE(has_open_source(now));
    EXPECT_FALSE(is_half_closed(now));
    EXPECT_TRUE(may_finish(now, {}, side::backend));
    EXPECT_FALSE(may_finish(now, {}, side::client));
}

TEST(facts, say_where_in_its_life_a_session_is)
{
    facts now;
    EXPECT_EQ(phase::handshaking, phase_of(now));
    now.secured = true;
    EXPECT_EQ(phase::connecting, phase_of(now));
    now.contact = contact::connected;
    EXPECT_EQ(phase::relaying, phase_of(now));
    now.first = cause::backend_eof;
    EXPECT_EQ(phase::closing, phase_of(now));
}

TEST(facts, only_an_open_source_is_read)
{
    for (const side who : {side::client, side::backend}) {
        facts now;
        EXPECT_FALSE(wants_reading(now, who)) << "there is nobody yet to take what is read";
        now.contact = contact::connected;
        EXPECT_TRUE(wants_reading(now, who));
        for (const source how : {source::cut, source::clean, source::truncated, source::reset,
                                 source::failed, source::absent}) {
            flow_from(now, who).from = how;
            EXPECT_FALSE(wants_reading(now, who)) << to_text(how);
        }
        flow_from(now, who).from = source::open;
        peer_of(now, who).released = true;
        EXPECT_FALSE(wants_reading(now, who));
    }
}

TEST(facts, while_a_sink_that_is_gone_is_read_out_its_source_waits)
{
    facts now = told(side::backend, sink::gone);
    EXPECT_TRUE(wants_reading(now, side::backend));
    EXPECT_FALSE(wants_reading(now, side::client));
    now.to_client.from = source::clean;
    EXPECT_TRUE(wants_reading(now, side::client)) << "how the client ends is still to be known";

    now = told(side::backend, sink::gone);
    now.to_client.to = sink::gone;
    EXPECT_TRUE(wants_reading(now, side::backend));
    EXPECT_TRUE(wants_reading(now, side::client)) << "where both are gone, both are read out";
}

} // namespace
} // namespace ferrule::ending
