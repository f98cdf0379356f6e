// The word for how good or bad an ending was (docs/endings.md, "outcome"): what is known of a
// session that is over, and the word. Lost and unconfirmed bytes are the session's to count.

#include "ending/outcome.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace ferrule::ending {
namespace {

/// One side: how it ended as a sender, and what it was told.
struct seen {
    source from;
    sink told;
    bool answered = false; ///< its own end was seen after we had cut it
};

constexpr seen ended{source::clean, sink::finished};
constexpr seen left{source::clean, sink::gone}; ///< ended, and closed its socket: nobody to tell
constexpr seen asked_and_ended{source::cut, sink::finished, true};
constexpr seen told_and_silent{source::cut, sink::finished};
constexpr seen reset_by_us{source::cut, sink::aborted};
constexpr seen has_reset{source::reset, sink::gone};

facts over(const seen& client, const seen& backend)
{
    facts now;
    now.contact = contact::connected;
    now.to_backend = {.from = client.from, .to = backend.told, .answered = client.answered};
    now.to_client = {.from = backend.from, .to = client.told, .answered = backend.answered};
    now.client.released = now.backend.released = true;
    return now;
}

struct line {
    std::string_view sentence;
    seen client;
    seen backend;
    std::string_view word;
};

const line manual[] = {
    {"both ended clean", ended, ended, "clean"},
    {"a client of a one-way protocol: its goodbye said, its socket closed", left, ended, "clean"},
    {"a backend that has answered and closed its socket", ended, left, "clean"},
    {"both had closed their sockets", left, left, "clean"},
    {"we ended it, and both peers then ended clean", asked_and_ended, asked_and_ended, "clean"},
    {"we asked, the backend ended, and so did the client", asked_and_ended, ended, "clean"},

    {"the client never answers our close_notify", told_and_silent, reset_by_us, "cut"},
    {"the same, but the backend had been told the client's end", told_and_silent, ended, "cut"},
    {"we ended it politely, and the backend never answered", ended, told_and_silent, "cut"},
    {"the client ended, the backend was reset by us", ended, reset_by_us, "cut"},
    {"we reset both", reset_by_us, reset_by_us, "cut"},
    {"`mode: abort` after two clean ends", {source::clean, sink::aborted}, ended, "cut"},
    {"the client answered, but we had reset the backend (`mode: notify`)",
     asked_and_ended,
     {source::clean, sink::aborted},
     "cut"},
    {"the client's bytes end without a close_notify",
     {source::truncated, sink::aborted},
     reset_by_us,
     "cut"},
    {"the same, forgiven by `on_client_truncation: fin`",
     {source::truncated, sink::finished},
     ended,
     "cut"},
    {"a reset of the client, forgiven by `on_client_reset: fin`", has_reset, ended, "cut"},
    {"a reset of the backend", reset_by_us, has_reset, "cut"},
    {"the same, told by `on_backend_reset: truncate`, and answered",
     {source::clean, sink::truncated},
     has_reset,
     "cut"},
    {"a fatal alert", {source::failed, sink::truncated}, reset_by_us, "cut"},
    {"a fatal alert after the backend's end", {source::failed, sink::truncated}, ended, "cut"},
    {"an end without close_notify in answer to ours",
     {source::truncated, sink::finished, true},
     ended,
     "cut"},
};

TEST(outcome, is_clean_only_if_both_sides_ended_clean_and_were_told_the_end)
{
    for (const line& each : manual)
        EXPECT_EQ(each.word, to_text(outcome_of(over(each.client, each.backend), false, false)))
            << each.sentence;
}

TEST(outcome, is_the_worst_that_applies)
{
    for (const line& each : manual) {
        const facts now = over(each.client, each.backend);
        EXPECT_EQ(outcome::unconfirmed, outcome_of(now, false, true)) << each.sentence;
        EXPECT_EQ(outcome::lost, outcome_of(now, true, false)) << each.sentence;
        EXPECT_EQ(outcome::lost, outcome_of(now, true, true)) << each.sentence;
    }
}

TEST(outcome, without_a_backend_there_was_no_session_but_there_may_be_a_loss)
{
    for (const seen& client : {has_reset, reset_by_us, seen{source::failed, sink::truncated}}) {
        facts now = over(client, {source::failed, sink::gone});
        now.contact = contact::never;
        EXPECT_EQ(outcome::none, outcome_of(now, false, false));
        EXPECT_EQ(outcome::none, outcome_of(now, false, true)) << "an alert that was not confirmed";
        EXPECT_EQ(outcome::lost, outcome_of(now, true, false));
    }
}

TEST(outcome, clean_is_said_of_no_cause_that_is_a_bad_end_of_a_peer)
{
    for (const cause first :
         {cause::client_truncated, cause::backend_truncated, cause::client_reset,
          cause::backend_reset, cause::tls_error, cause::handshake_failed, cause::probe,
          cause::no_backend, cause::limit, cause::internal})
        EXPECT_FALSE(can_come_of(first, outcome::clean)) << to_text(first);
}

TEST(outcome, every_cause_but_those_that_only_come_second_has_one)
{
    for (const cause first : all_causes) {
        int possible = 0;
        for (const outcome how : all_outcomes)
            possible += can_come_of(first, how) ? 1 : 0;
        const bool is_never_first = first == cause::half_close_timeout ||
                                    first == cause::close_timeout ||
                                    first == cause::backend_truncated;
        EXPECT_EQ(is_never_first, possible == 0) << to_text(first);
    }
}

} // namespace
} // namespace ferrule::ending
