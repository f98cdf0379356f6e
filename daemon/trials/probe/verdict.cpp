#include "trials/probe/verdict.hpp"

#include <algorithm>

namespace ferrule::probe {

namespace {

std::string passed(const moment& when, const moment& since)
{
    const base::milliseconds start = since.value_or(base::milliseconds{0});
    const auto duration = std::max(base::milliseconds{0}, when.value_or(start) - start);
    return std::to_string(duration.count()) + " ms";
}

std::string after(const moment& when, const moment& since)
{
    return " after " + passed(when, since);
}

/// Nothing for what came in one go.
std::string much_later(const moment& when, const moment& since)
{
    constexpr base::milliseconds in_one_go{50};
    const bool is_later = *when - *since >= in_one_go;
    return is_later ? " " + passed(when, since) + " later" : std::string{};
}

std::string of_all(const observed& seen, std::uint64_t expected)
{
    return std::to_string(seen.bytes) + " of " + std::to_string(expected) + " bytes";
}

/// The server's end in words; `since` is when it had a reason to end.
std::string end_in_words(const observed& seen, const moment& since)
{
    switch (end_of(seen)) {
    case end_seen::none:
        return seen.is_cut_short ? "it went on sending until the probe stopped"
                                 : "still open" + after(seen.watched, since);
    case end_seen::close_notify: {
        const std::string words = "close_notify" + after(seen.close_notify, since);
        if (seen.fin.has_value())
            return words + ", FIN" + much_later(seen.fin, seen.close_notify);
        if (seen.reset.has_value())
            return words + ", then RST";
        return words + ", but no FIN for " + passed(seen.watched, seen.close_notify);
    }
    case end_seen::failed: return seen.trouble + after(seen.failed, since);
    case end_seen::reset: return "RST without close_notify" + after(seen.reset, since);
    case end_seen::fin: return "FIN without close_notify" + after(seen.fin, since);
    }
    return {};
}

/// How long it stayed after its own end while we said nothing.
std::string stay_in_words(const observed& seen)
{
    if (end_of(seen) != end_seen::close_notify || !seen.fin.has_value())
        return {};
    if (seen.gone.has_value())
        return "; closed " + passed(seen.gone, seen.fin) + " later, without ours";
    return "; it waited for ours, still " + passed(seen.watched, seen.fin) + " later";
}

verdict judge_goodbye(const observed& seen)
{
    const std::string said = std::to_string(seen.bytes) + " bytes, " + end_in_words(seen, {});
    switch (end_of(seen)) {
    case end_seen::none: return {finding::unclear, said};
    case end_seen::close_notify: return {finding::good, said + stay_in_words(seen)};
    case end_seen::fin: return {finding::bad, said + ": an end that looks like a cut"};
    case end_seen::failed:
    case end_seen::reset: break;
    }
    return {finding::bad, said + ": no answer ends like that when all is well"};
}

verdict judge_answer(const observed& seen)
{
    const std::string said = end_in_words(seen, seen.our_close_notify);
    switch (end_of(seen)) {
    case end_seen::none: return {finding::unclear, said};
    case end_seen::close_notify: return {finding::good, said};
    default: return {finding::bad, said + ": a close_notify is answered by one"};
    }
}

verdict judge_cut(const observed& seen)
{
    const std::string said = end_in_words(seen, seen.our_fin);
    switch (end_of(seen)) {
    case end_seen::none: return {finding::unclear, said};
    case end_seen::close_notify:
        return {finding::bad, said + ": it takes a cut for an end, and says goodbye"};
    default: return {finding::good, said};
    }
}

verdict judge_half_close(const observed& seen, std::uint64_t expected)
{
    const std::string said =
        of_all(seen, expected) + ", " + end_in_words(seen, seen.our_close_notify);
    if (expected == 0)
        return {finding::unclear, "nothing came when nothing was closed: another text may tell"};
    if (seen.bytes < expected)
        return {finding::bad, said + ": the reply to a client that ended first is lost"};
    switch (end_of(seen)) {
    case end_seen::none:
    case end_seen::close_notify: return {finding::good, said};
    default: return {finding::bad, said + ": a whole reply ends with a close_notify"};
    }
}

verdict judge_last_bytes(const observed& seen, std::uint64_t expected)
{
    const std::string said = of_all(seen, expected) + ", " + end_in_words(seen, {});
    if (expected == 0)
        return {finding::unclear, "nothing came when nothing disturbed: another text may tell"};
    if (seen.bytes < expected && seen.reset.has_value())
        return {finding::bad, said + ": its RST destroyed the end of its answer"};
    if (seen.bytes < expected)
        return {finding::bad, said + ": the end of the answer is lost"};
    if (end_of(seen) == end_seen::reset)
        return {finding::bad, said + ": its RST destroyed its goodbye"};
    if (expected < least_telling_bytes)
        return {finding::unclear, said + "; an answer of 16 KiB or more would tell"};
    return {finding::good, said};
}

} // namespace

end_seen end_of(const observed& seen)
{
    if (seen.close_notify.has_value())
        return end_seen::close_notify;
    if (seen.failed.has_value())
        return end_seen::failed;
    if (seen.reset.has_value())
        return end_seen::reset;
    return seen.fin.has_value() ? end_seen::fin : end_seen::none;
}

verdict judge(const observed& seen, std::uint64_t expected_bytes)
{
    if (seen.how_far != reached::tls)
        return {finding::unclear, seen.trouble};
    switch (seen.asked) {
    case question::goodbye: return judge_goodbye(seen);
    case question::answer: return judge_answer(seen);
    case question::half_close: return judge_half_close(seen, expected_bytes);
    case question::cut: return judge_cut(seen);
    case question::last_bytes: return judge_last_bytes(seen, expected_bytes);
    }
    return {};
}

std::uint64_t expected_bytes(const std::vector<observed>& all)
{
    std::uint64_t most = 0;
    for (const observed& seen : all)
        if (seen.asked == question::goodbye)
            most = std::max(most, seen.bytes);
    return most;
}

overall sum_up(const std::vector<verdict>& verdicts)
{
    const auto any = [&](finding wanted) {
        return std::ranges::any_of(verdicts, [&](const verdict& v) { return v.found == wanted; });
    };
    if (any(finding::bad))
        return overall::untruthful;
    return any(finding::good) ? overall::truthful : overall::unknown;
}

std::string_view to_text(question asked)
{
    switch (asked) {
    case question::goodbye: return "goodbye";
    case question::answer: return "answer";
    case question::half_close: return "half_close";
    case question::cut: return "cut";
    case question::last_bytes: return "last_bytes";
    }
    return {};
}

std::string_view to_text(tls_version version)
{
    return version == tls_version::tls12 ? "TLSv1.2" : "TLSv1.3";
}

std::string_view to_text(finding found)
{
    switch (found) {
    case finding::unclear: return "unclear";
    case finding::good: return "yes";
    case finding::bad: return "no";
    }
    return {};
}

std::string_view to_text(overall sum)
{
    switch (sum) {
    case overall::truthful: return "truthful";
    case overall::untruthful: return "untruthful";
    case overall::unknown: return "unknown";
    }
    return {};
}

} // namespace ferrule::probe
