#include "yaml/nearest.hpp"

#include <algorithm>

namespace ferrule::yaml {

namespace {

/// Longer words are not compared: nothing is named like that.
constexpr std::size_t max_length = 40;
/// More words than this are not listed in a message, and more than that not compared.
constexpr std::size_t max_listed = 20;
constexpr std::size_t max_compared = 1000;

std::string lower(std::string_view word)
{
    std::string text(word);
    for (char& letter : text) {
        if (letter >= 'A' && letter <= 'Z')
            letter = static_cast<char>(letter - 'A' + 'a');
        if (letter == '-')
            letter = '_';
    }
    return text;
}

/// Levenshtein distance in which swapping two neighbours is one step, too.
std::size_t distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before_last[j - 2] + 1);
        }
        before_last.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

} // namespace

std::string_view nearest(std::string_view typed, const std::vector<std::string_view>& words)
{
    if (typed.empty() || typed.size() > max_length || words.size() > max_compared)
        return {};
    const std::string slip = lower(typed);
    std::string_view best;
    std::size_t best_distance = 1 + (slip.size() <= 2 ? 0 : slip.size() <= 5 ? 1 : 2);
    for (const std::string_view word : words) {
        if (word.size() > max_length)
            continue;
        const std::size_t far = distance(slip, lower(word));
        if (far < best_distance) {
            best = word;
            best_distance = far;
        }
    }
    if (!best.empty() || slip.size() < 3)
        return best;

    std::size_t beginnings = 0;
    for (const std::string_view word : words) {
        if (lower(word).starts_with(slip)) {
            best = word;
            ++beginnings;
        }
    }
    return beginnings == 1 ? best : std::string_view{};
}

std::string one_of(std::string_view typed, const std::vector<std::string_view>& words)
{
    std::string text = "one of: ";
    for (std::size_t i = 0; i < words.size() && i < max_listed; ++i) {
        if (i > 0)
            text += ", ";
        text += words[i];
    }
    if (words.size() > max_listed)
        text += ", ...";
    if (const std::string_view near = nearest(typed, words); !near.empty())
        text += " (did you mean '" + std::string(near) + "'?)";
    return text;
}

} // namespace ferrule::yaml
