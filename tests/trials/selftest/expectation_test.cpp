// docs/endings.md, "What each side is told" and "The shutdown block", as `ferrule selftest` expects
// it: one line for each row and option.
//
// Longer than 300 lines because the rows stand together, as in the manual.

#include "trials/selftest/expectation.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace ferrule::selftest {

namespace {

using namespace std::chrono_literals;
using ending::client_policy;
using ending::half_close;
using ending::mode;
using ending::proxy_policy;

/// "client | backend | cause second client_act backend_act outcome"
std::string in_words(const expectation& way)
{
    const told_ending& told = way.told;
    std::string text = to_text(way.client) + " | " + to_text(way.backend) + " |";
    for (const std::string_view word :
         {to_text(told.cause), to_text(told.second), to_text(told.client_act),
          to_text(told.backend_act), to_text(told.outcome)})
        text += " " + std::string{word};
    return text;
}

struct line {
    trial row;
    ending::rules rules;
    base::milliseconds bound;
    std::vector<std::string> ways;
};

ending::rules with(auto ending::rules::*option, auto value, ending::rules rules = {})
{
    rules.*option = value;
    return rules;
}

const ending::rules defaults;
const ending::rules notifies = with(&ending::rules::mode, mode::notify);
const ending::rules aborting = with(&ending::rules::mode, mode::abort);
const ending::rules closing = with(&ending::rules::half_close, half_close::close);
const ending::rules says_always = with(&ending::rules::on_proxy_end, proxy_policy::notify);
const ending::rules says_never = with(&ending::rules::on_proxy_end, proxy_policy::reset);
const ending::rules closing_politely =
    with(&ending::rules::on_proxy_end, proxy_policy::notify, closing);
const ending::rules truncation_is_fin =
    with(&ending::rules::on_client_truncation, client_policy::fin);
const ending::rules reset_is_fin = with(&ending::rules::on_client_reset, client_policy::fin);
const ending::rules truncates =
    with(&ending::rules::on_backend_reset, ending::backend_policy::truncate);

constexpr const char* clean_exchange =
    "20000 bytes, close_notify, FIN | 1000 bytes, FIN | client_eof backend_eof exchanged exchanged "
    "clean";
constexpr const char* cut_request =
    "RST | 1000 bytes, FIN, then RST | client_eof - reset reset cut";
constexpr const char* aborted_answer =
    "20000 bytes, RST | 1000 bytes, RST | backend_eof - reset reset cut";

const std::vector<line> manual{
    {trial::client_first, defaults, 0ms, {clean_exchange}},
    {trial::client_first, notifies, 0ms, {clean_exchange}},
    {trial::client_first,
     aborting,
     0ms,
     {"20000 bytes, RST | 1000 bytes, FIN | client_eof backend_eof reset exchanged cut"}},
    {trial::client_first, closing, 0ms, {cut_request}},
    {trial::client_says_canceled, defaults, 0ms, {clean_exchange}},
    {trial::client_says_canceled, closing, 0ms, {cut_request}},
    {trial::client_breaks_off,
     defaults,
     0ms,
     {"alert, FIN | 1000 bytes, RST | tls_error - none reset cut",
      "alert, RST | 1000 bytes, RST | tls_error - none reset cut"}},
    {trial::client_first,
     closing_politely,
     0ms,
     {"close_notify, FIN | 1000 bytes, FIN | client_eof backend_eof exchanged exchanged clean"}},
    {trial::backend_first,
     defaults,
     0ms,
     {"20000 bytes, close_notify, FIN | 1000 bytes, FIN | backend_eof client_eof exchanged "
      "exchanged clean"}},
    {trial::backend_first,
     notifies,
     0ms,
     {"20000 bytes, close_notify, FIN | 1000 bytes, RST | backend_eof client_eof exchanged reset "
      "cut"}},
    {trial::backend_first, aborting, 0ms, {aborted_answer}},
    {trial::backend_first,
     closing,
     0ms,
     {"20000 bytes, close_notify, FIN | 1000 bytes, RST | backend_eof client_eof exchanged reset "
      "cut"}},
    {trial::upload_after_backend_end,
     defaults,
     0ms,
     {"close_notify, FIN | 4000 bytes, FIN | backend_eof client_eof exchanged exchanged clean"}},
    {trial::upload_after_backend_end,
     notifies,
     0ms,
     {"close_notify, FIN | 1000 bytes, RST | backend_eof client_eof exchanged reset lost"}},
    {trial::client_truncated,
     defaults,
     0ms,
     {"RST | 1000 bytes, RST | client_truncated - reset reset cut"}},
    {trial::client_truncated,
     truncation_is_fin,
     0ms,
     {"20000 bytes, close_notify, FIN | 1000 bytes, FIN | client_truncated backend_eof exchanged "
      "exchanged cut"}},
    {trial::client_reset, defaults, 0ms, {"- | 1000 bytes, RST | client_reset - gone reset cut"}},
    {trial::client_reset,
     reset_is_fin,
     0ms,
     {"- | 1000 bytes, FIN | client_reset backend_eof gone exchanged cut"}},
    {trial::backend_reset,
     defaults,
     0ms,
     {"20000 bytes, RST | - | backend_reset - reset gone cut"}},
    {trial::backend_reset,
     truncates,
     0ms,
     {"20000 bytes, FIN | - | backend_reset client_eof exchanged gone cut"}},
    {trial::backend_refuses, defaults, 0ms, {"RST | no connection | no_backend - reset none none"}},
    {trial::client_silent,
     defaults,
     2s,
     {"20000 bytes, close_notify, FIN | 1000 bytes, RST | backend_eof close_timeout sent reset "
      "cut"}},
    {trial::client_silent,
     notifies,
     2s,
     {"20000 bytes, close_notify, FIN | 1000 bytes, RST | backend_eof - sent reset cut"}},
    {trial::client_silent, aborting, 2s, {aborted_answer}},
    {trial::backend_silent,
     says_always,
     2s,
     {"close_notify, FIN | 1000 bytes, FIN | client_eof half_close_timeout exchanged sent cut"}},
    {trial::backend_silent,
     defaults,
     2s,
     {"RST | 1000 bytes, FIN, then RST | client_eof half_close_timeout reset reset cut"}},
    {trial::backend_silent, closing, 0ms, {cut_request}},
    {trial::idle,
     says_never,
     2s,
     {"20000 bytes, RST | 1000 bytes, RST | idle_timeout - reset reset cut"}},
    {trial::idle,
     defaults,
     700ms,
     {"20000 bytes, close_notify, FIN | 1000 bytes, FIN | idle_timeout backend_eof exchanged "
      "exchanged clean"}},
    {trial::lifetime,
     defaults,
     2s,
     {"20000 bytes, RST | 1000 bytes, RST | lifetime - reset reset cut"}},
    {trial::lifetime,
     defaults,
     6s,
     {"20000 bytes, close_notify, FIN | 1000 bytes, FIN | lifetime backend_eof exchanged "
      "exchanged clean"}},
    {trial::idle,
     says_always,
     1s,
     {"20000 bytes, close_notify, FIN | 1000 bytes, FIN | idle_timeout backend_eof exchanged "
      "exchanged clean",
      "20000 bytes, close_notify, FIN | 1000 bytes, FIN | idle_timeout client_eof exchanged "
      "exchanged clean"}},
    {trial::drain_idle,
     aborting,
     2s,
     {"20000 bytes, RST | 1000 bytes, FIN | drain backend_eof reset exchanged cut"}},
    {trial::drain_busy,
     defaults,
     2s,
     {"20000 bytes, RST | 1000 bytes, RST | drain - reset reset cut"}},
    {trial::drain_thinking,
     defaults,
     2s,
     {"20000 bytes, RST | 2000 bytes, RST | drain - reset reset cut"}},
    {trial::drain_thinking,
     says_always,
     2s,
     {"20000 bytes, close_notify, FIN | 2000 bytes, FIN | drain backend_eof exchanged exchanged "
      "clean",
      "20000 bytes, close_notify, FIN | 2000 bytes, FIN | drain client_eof exchanged exchanged "
      "clean"}},
    {trial::client_only_connects, defaults, 0ms, {"FIN | no connection | probe - none none none"}},
    {trial::client_stalls,
     defaults,
     2s,
     {"RST | 1000 bytes, RST | backend_eof write_stalled reset reset lost"}},
    {trial::client_stalls,
     closing_politely,
     2s,
     {"RST | 1000 bytes, FIN | backend_eof write_stalled reset exchanged lost"}},
};

circumstances around(const ending::rules& rules, base::milliseconds bound = 2s)
{
    return {rules, bound, 5s, true};
}

/// Every combination of the options.
std::vector<ending::rules> all_rules()
{
    std::vector<ending::rules> all{defaults};
    const auto vary = [&](auto ending::rules::*option, auto... values) {
        std::vector<ending::rules> more;
        for (const ending::rules& each : all)
            (more.push_back(with(option, values, each)), ...);
        all = std::move(more);
    };
    vary(&ending::rules::mode, mode::wait, mode::notify, mode::abort);
    vary(&ending::rules::half_close, half_close::carry, half_close::close);
    vary(&ending::rules::on_client_truncation, client_policy::reset, client_policy::fin);
    vary(&ending::rules::on_client_reset, client_policy::reset, client_policy::fin);
    vary(&ending::rules::on_backend_reset, ending::backend_policy::reset,
         ending::backend_policy::truncate);
    vary(&ending::rules::on_proxy_end, proxy_policy::ask, proxy_policy::notify,
         proxy_policy::reset);
    return all;
}

/// What somebody would have seen in whom everything went as it should.
observation as_expected(const expectation& way)
{
    return {way.client, way.backend, way.told, {}};
}

} // namespace

TEST(SelftestExpectation, SaysWhatTheManualSays)
{
    for (const line& each : manual) {
        std::vector<std::string> found;
        for (const expectation& way : expected(each.row, around(each.rules, each.bound)))
            found.push_back(in_words(way));
        EXPECT_EQ(found, each.ways) << to_text(each.row);
    }
}

TEST(SelftestExpectation, NeverHasACloseNotifyBehindABadEndOfTheBackend)
{
    for (const ending::rules& rules : {defaults, notifies, aborting, closing, closing_politely,
                                       truncation_is_fin, reset_is_fin, truncates}) {
        for (const trial row : {trial::backend_reset, trial::backend_refuses}) {
            for (const expectation& way : expected(row, around(rules)))
                EXPECT_FALSE(way.client.close_notify) << to_text(row);
        }
    }
}

TEST(SelftestExpectation, NamesTheOptionsThatMakeARowGoOtherwise)
{
    using names = std::vector<std::string>;
    EXPECT_EQ(choices_behind(trial::client_truncated, around(truncation_is_fin)),
              names{"on_client_truncation: fin"});
    EXPECT_EQ(choices_behind(trial::client_reset, around(truncation_is_fin)), names{});
    EXPECT_EQ(choices_behind(trial::client_reset, around(reset_is_fin)),
              names{"on_client_reset: fin"});
    EXPECT_EQ(choices_behind(trial::backend_reset, around(truncates)),
              names{"on_backend_reset: truncate"});
    EXPECT_EQ(choices_behind(trial::backend_first, around(aborting)), names{"mode: abort"});
    EXPECT_EQ(choices_behind(trial::drain_busy, around(says_always)),
              names{"on_proxy_end: notify"});
    EXPECT_EQ(choices_behind(trial::client_first, around(closing_politely)),
              (names{"half_close: close", "on_proxy_end: notify"}));
    for (const trial row : all_trials)
        EXPECT_EQ(choices_behind(row, around(defaults)), names{}) << to_text(row);
}

TEST(SelftestExpectation, NamesOptionsOfWhichEachWouldDo)
{
    using names = std::vector<std::string>;
    const ending::rules both = with(&ending::rules::mode, mode::notify, closing);
    EXPECT_EQ(choices_behind(trial::upload_after_backend_end, around(both)),
              names{"mode: notify or half_close: close"});
}

TEST(SelftestExpectation, NamesAChoiceWhereARowGoesOtherwiseThanByDefaultAndOnlyThere)
{
    for (const ending::rules& rules : all_rules()) {
        for (const trial row : all_trials) {
            const bool is_default = expected(row, around(rules)) == expected(row, around(defaults));
            EXPECT_EQ(choices_behind(row, around(rules)).empty(), is_default) << to_text(row);
        }
    }
}

TEST(SelftestComparison, TakesEveryWayThatIsAllowedAndNoOther)
{
    for (const trial row : all_trials) {
        const auto allowed = expected(row, around(defaults));
        for (const expectation& way : allowed) {
            const observation right = as_expected(way);
            EXPECT_EQ(differences(allowed, right), std::vector<std::string>{}) << to_text(row);

            observation wrong = right;
            wrong.told.cause = ending::cause::internal;
            EXPECT_EQ(differences(allowed, wrong).size(), 1U) << to_text(row);
            wrong = right;
            wrong.backend.bytes += 1;
            wrong.backend.end = seen_end::nothing;
            EXPECT_EQ(differences(allowed, wrong).size(), 1U) << to_text(row);
        }
    }
}

TEST(SelftestComparison, SaysWhatIsWrongAndWhatWouldBeRight)
{
    const auto allowed = expected(trial::backend_reset, around(defaults));
    observation seen = as_expected(allowed.front());
    seen.client.close_notify = true; // what other proxies do
    seen.client.end = seen_end::fin;
    seen.told.outcome = ending::outcome::lost;
    EXPECT_EQ(differences(allowed, seen),
              (std::vector<std::string>{
                  "what the client sees is 20000 bytes, close_notify, FIN, and should be 20000 "
                  "bytes, RST",
                  "outcome is lost, and should be cut"}));
}

TEST(SelftestComparison, AScriptThatCouldNotBePlayedIsWrong)
{
    const auto allowed = expected(trial::client_first, around(defaults));
    observation seen = as_expected(allowed.front());
    seen.trouble = "the handshake did not succeed";
    EXPECT_EQ(differences(allowed, seen), std::vector<std::string>{seen.trouble});
}

TEST(SelftestComparison, LeavesOpenOnlyWhatAShortLingerMayMiss)
{
    circumstances given = around(defaults);
    given.lingers = false;
    const auto allowed = expected(trial::idle, given);
    observation seen = as_expected(allowed.front());
    seen.told.second = ending::cause::none;
    seen.told.backend_act = ending::act::sent;
    seen.backend.end = seen_end::fin_then_rst;
    EXPECT_EQ(differences(allowed, seen), std::vector<std::string>{});
    seen.client.close_notify = false;
    EXPECT_EQ(differences(allowed, seen).size(), 1U);
}

} // namespace ferrule::selftest
