#include "trials/probe/report.hpp"

#include "base/json.hpp"
#include "base/utf8.hpp"

#include <algorithm>

namespace ferrule::probe {

namespace {

namespace json = boost::json;

std::string question_in_words(question asked)
{
    switch (asked) {
    case question::goodbye: return "ends with a close_notify";
    case question::answer: return "answers a close_notify";
    case question::half_close: return "carries half-close";
    case question::cut: return "no goodbye after a cut";
    case question::last_bytes: return "delivers its last bytes";
    }
    return {};
}

std::string padded(std::string text, std::size_t width)
{
    text.resize(std::max(width, text.size() + 1), ' ');
    return text;
}

/// "half_close (TLSv1.2, TLSv1.3), cut (TLSv1.3)": what is bad.
std::string bad_points(const findings& found)
{
    std::string text;
    for (int number = 0; number < question_count; ++number) {
        const auto asked = static_cast<question>(number);
        std::string versions;
        for (const tls_version version : {tls_version::tls12, tls_version::tls13}) {
            for (std::size_t at = 0; at < found.seen.size(); ++at) {
                if (found.seen[at].asked == asked && found.seen[at].version == version &&
                    found.verdicts[at].found == finding::bad) {
                    versions += (versions.empty() ? "" : ", ") + std::string{to_text(version)};
                    break;
                }
            }
        }
        if (!versions.empty())
            text +=
                (text.empty() ? "" : ", ") + std::string{to_text(asked)} + " (" + versions + ")";
    }
    return text;
}

std::string sum_in_words(const findings& found)
{
    switch (found.sum) {
    case overall::truthful: return "It ends truthfully, as far as was asked.";
    case overall::untruthful: return "It does not end truthfully: " + bad_points(found) + ".";
    case overall::unknown: return "Nothing can be said: no question was answered.";
    }
    return {};
}

json::value seconds_of(const moment& when)
{
    return when.has_value() ? json::value(base::in_seconds(*when)) : json::value(nullptr);
}

json::object of_connection(const observed& seen, const verdict& judged)
{
    json::object one;
    one["question"] = to_text(seen.asked);
    one["tls"] = to_text(seen.version);
    one["finding"] = to_text(judged.found);
    one["said"] = base::valid_utf8(judged.said);
    one["handshake"] = seen.how_far == reached::tls;
    one["trouble"] = base::text_or_null(seen.trouble);
    one["cipher"] = base::text_or_null(seen.cipher);
    one["alpn"] = base::text_or_null(seen.alpn);
    one["bytes"] = seen.bytes;
    one["our_close_notify_seconds"] = seconds_of(seen.our_close_notify);
    one["our_fin_seconds"] = seconds_of(seen.our_fin);
    one["close_notify_seconds"] = seconds_of(seen.close_notify);
    one["failed_seconds"] = seconds_of(seen.failed);
    one["fin_seconds"] = seconds_of(seen.fin);
    one["reset_seconds"] = seconds_of(seen.reset);
    one["gone_seconds"] = seconds_of(seen.gone);
    one["watched_seconds"] = base::in_seconds(seen.watched);
    one["cut_short"] = seen.is_cut_short;
    return one;
}

} // namespace

findings find(std::string target, std::string address, std::vector<observed> seen)
{
    findings found;
    found.target = std::move(target);
    found.address = std::move(address);
    found.seen = std::move(seen);
    const std::uint64_t expected = expected_bytes(found.seen);
    for (const observed& each : found.seen)
        found.verdicts.push_back(judge(each, expected));
    found.sum = sum_up(found.verdicts);
    return found;
}

std::string in_words(const findings& found, const request& asked)
{
    std::string text = found.target;
    if (found.address != found.target)
        text += " (" + found.address + ")";
    text += ", " + std::to_string(found.seen.size()) +
            (found.seen.size() == 1 ? " connection\n" : " connections\n");
    for (const tls_version version : asked.versions) {
        std::string heading = std::string{to_text(version)};
        std::string lines;
        for (std::size_t at = 0; at < found.seen.size(); ++at) {
            const observed& seen = found.seen[at];
            if (seen.version != version)
                continue;
            if (!seen.cipher.empty() && heading.find(' ') == std::string::npos)
                heading += " " + seen.cipher + (seen.alpn.empty() ? "" : " alpn=" + seen.alpn);
            lines += "  " + padded(question_in_words(seen.asked), 26) +
                     padded(std::string{to_text(found.verdicts[at].found)}, 9) +
                     found.verdicts[at].said + "\n";
        }
        text += "\n" + heading + "\n" + lines;
    }
    if (asked.text.empty())
        text += "\nNot asked, since there is no --send: half_close, last_bytes.\n";
    return text + "\n" + sum_in_words(found) + "\n";
}

std::string as_json(const findings& found, const request& asked)
{
    json::object all;
    all["target"] = found.target;
    all["address"] = found.address;
    all["error"] = base::text_or_null(found.error);
    all["verdict"] = to_text(found.sum);
    all["sent_bytes"] = asked.text.size();
    all["expected_bytes"] = expected_bytes(found.seen);
    all["timeout_seconds"] = base::in_seconds(asked.timeout);
    json::array connections;
    for (std::size_t at = 0; at < found.seen.size(); ++at)
        connections.emplace_back(of_connection(found.seen[at], found.verdicts[at]));
    all["connections"] = std::move(connections);
    return json::serialize(all) + "\n";
}

} // namespace ferrule::probe
