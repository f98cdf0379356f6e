// Every question with every end that can be seen, and whether that is the truth.

#include "trials/probe/report.hpp"
#include "trials/probe/verdict.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace ferrule::probe {
namespace {

using base::milliseconds;

constexpr std::uint64_t whole = 200'000;

constexpr std::array all_questions{question::goodbye, question::answer, question::half_close,
                                   question::cut, question::last_bytes};
constexpr std::array all_ends{end_seen::none, end_seen::close_notify, end_seen::failed,
                              end_seen::reset, end_seen::fin};

observed seeing(question asked, end_seen end, std::uint64_t bytes = whole)
{
    observed seen;
    seen.asked = asked;
    seen.how_far = reached::tls;
    seen.bytes = bytes;
    seen.watched = milliseconds{100};
    const moment now = milliseconds{7};
    switch (end) {
    case end_seen::none: break;
    case end_seen::close_notify: seen.close_notify = seen.fin = now; break;
    case end_seen::failed:
        seen.failed = seen.fin = now;
        seen.trouble = "alert internal error";
        break;
    case end_seen::reset: seen.reset = now; break;
    case end_seen::fin: seen.fin = now; break;
    }
    return seen;
}

/// One letter for each end, in the order of `all_ends`: yes, no or unclear.
std::string findings_of(question asked, std::uint64_t bytes = whole, std::uint64_t expected = whole)
{
    std::string letters;
    for (const end_seen end : all_ends)
        letters += to_text(judge(seeing(asked, end, bytes), expected).found).front();
    return letters;
}

TEST(Verdict, OfEachQuestionAndEachEnd)
{
    //                                          none, close_notify, failed, reset, FIN
    EXPECT_EQ(findings_of(question::goodbye), "uynnn");
    EXPECT_EQ(findings_of(question::answer), "uynnn");
    EXPECT_EQ(findings_of(question::half_close), "yynnn");
    EXPECT_EQ(findings_of(question::cut), "unyyy");
    EXPECT_EQ(findings_of(question::last_bytes), "yyyny");
}

TEST(Verdict, AReplyThatIsNotWholeIsBadHoweverItEnds)
{
    for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{1}, whole - 1}) {
        EXPECT_EQ(findings_of(question::half_close, bytes), "nnnnn");
        EXPECT_EQ(findings_of(question::last_bytes, bytes), "nnnnn");
    }
}

TEST(Verdict, ALongerReplyIsWhole)
{
    EXPECT_EQ(findings_of(question::half_close, whole + 1), "yynnn");
    EXPECT_EQ(findings_of(question::last_bytes, whole + 1), "yyyny");
}

TEST(Verdict, WithoutAnAnswerToCompareNothingIsSaid)
{
    EXPECT_EQ(findings_of(question::half_close, 0, 0), "uuuuu");
    EXPECT_EQ(findings_of(question::last_bytes, 0, 0), "uuuuu");
}

TEST(Verdict, AShortAnswerDoesNotTellThatItsEndIsSafe)
{
    const std::uint64_t little = least_telling_bytes - 1;
    EXPECT_EQ(findings_of(question::last_bytes, little, little), "uuunu");
    EXPECT_EQ(findings_of(question::last_bytes, little - 1, little), "nnnnn");
}

TEST(Verdict, ACloseNotifyCountsWhateverTcpDoesBehindIt)
{
    observed seen = seeing(question::goodbye, end_seen::close_notify);
    seen.fin.reset();
    seen.reset = milliseconds{8};
    EXPECT_EQ(end_of(seen), end_seen::close_notify);
    EXPECT_EQ(judge(seen, whole).found, finding::good);
    EXPECT_NE(judge(seen, whole).said.find("then RST"), std::string::npos);
    seen.reset.reset();
    EXPECT_NE(judge(seen, whole).said.find("no FIN for 93 ms"), std::string::npos);
}

TEST(Verdict, WithoutTlsNothingIsSaidButWhy)
{
    for (const question asked : all_questions) {
        for (const reached how_far : {reached::nothing, reached::tcp}) {
            observed seen = seeing(asked, end_seen::fin);
            seen.how_far = how_far;
            seen.trouble = "closed";
            EXPECT_EQ(judge(seen, whole).found, finding::unclear);
            EXPECT_EQ(judge(seen, whole).said, "closed");
        }
    }
}

TEST(Verdict, SaysWhatWasSeenWheneverItIsNotGood)
{
    for (const question asked : all_questions) {
        for (const end_seen end : all_ends) {
            for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{5}, whole}) {
                const verdict judged = judge(seeing(asked, end, bytes), whole);
                EXPECT_FALSE(judged.said.empty());
                EXPECT_EQ(judged.said.find(": ") != std::string::npos, judged.found == finding::bad)
                    << judged.said;
            }
        }
    }
}

TEST(Verdict, TellsHowLongItStaysAfterItsEnd)
{
    observed seen = seeing(question::goodbye, end_seen::close_notify);
    EXPECT_NE(judge(seen, whole).said.find("waited for ours, still 93 ms later"),
              std::string::npos);
    seen.gone = milliseconds{57};
    EXPECT_NE(judge(seen, whole).said.find("closed 50 ms later, without ours"), std::string::npos);
}

TEST(Expected, IsTheLongestAnswerThatNothingDisturbed)
{
    EXPECT_EQ(expected_bytes({}), 0U);
    EXPECT_EQ(expected_bytes({seeing(question::goodbye, end_seen::fin, 5),
                              seeing(question::goodbye, end_seen::reset, 3),
                              seeing(question::half_close, end_seen::fin, 9)}),
              5U);
}

TEST(Sum, OneBadPointIsEnoughAndOneGoodOneIsNeeded)
{
    const verdict good{finding::good, ""};
    const verdict bad{finding::bad, ""};
    const verdict unclear{finding::unclear, ""};
    EXPECT_EQ(sum_up({}), overall::unknown);
    EXPECT_EQ(sum_up({unclear}), overall::unknown);
    EXPECT_EQ(sum_up({unclear, good}), overall::truthful);
    EXPECT_EQ(sum_up({good, bad, unclear}), overall::untruthful);
    EXPECT_EQ(sum_up({bad}), overall::untruthful);
}

TEST(Report, NamesEachBadPointOnceWithItsVersions)
{
    request asked;
    asked.text = "x";
    observed other = seeing(question::goodbye, end_seen::fin);
    other.version = tls_version::tls12;
    const findings found =
        find("host:443", "127.0.0.1:443",
             {seeing(question::goodbye, end_seen::fin), other,
              seeing(question::goodbye, end_seen::fin), seeing(question::cut, end_seen::reset)});
    EXPECT_EQ(found.sum, overall::untruthful);
    const std::string words = in_words(found, asked);
    EXPECT_NE(words.find("not end truthfully: goodbye (TLSv1.2, TLSv1.3).\n"), std::string::npos)
        << words;
    EXPECT_NE(words.find("host:443 (127.0.0.1:443), 4 connections\n"), std::string::npos);
}

TEST(Report, JsonTakesAnyBytesFromThePeer)
{
    observed seen = seeing(question::goodbye, end_seen::failed);
    seen.alpn = "\xff\"\n";
    const std::string text = as_json(find("a:1", "b", {seen}), request{});
    EXPECT_EQ(text.find('\xff'), std::string::npos);
    EXPECT_EQ(text.find('\n'), text.size() - 1);
    EXPECT_NE(text.find(R"("verdict":"untruthful")"), std::string::npos) << text;
}

} // namespace
} // namespace ferrule::probe
