// What of a configuration an expectation depends on, and which of it somebody chose.

#include "trials/selftest/expectation.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace ferrule::selftest {

circumstances circumstances_of(trial row, const config::settings& played)
{
    const config::listener_settings& listener = played.listeners.front();
    constexpr base::milliseconds long_enough{500};
    constexpr std::uint64_t many_enough = 8192;
    return {listener.route.shutdown.rules, length_of_bound(row, played, listener),
            listener.route.shutdown.quiet,
            listener.route.shutdown.linger >= long_enough &&
                listener.route.shutdown.linger_bytes >= many_enough};
}

namespace {

using ending::rules;

struct option {
    const char* name;
    std::string_view (*value)(const rules& of);
    void (*revert)(rules& of);
};

/// The option `member` as text, and its way back to the default.
template <auto member>
constexpr option option_of(const char* name)
{
    return {name, [](const rules& of) { return ending::to_text(of.*member); },
            [](rules& of) { of.*member = rules{}.*member; }};
}

constexpr std::array options{
    option_of<&rules::mode>("mode"),
    option_of<&rules::half_close>("half_close"),
    option_of<&rules::on_client_truncation>("on_client_truncation"),
    option_of<&rules::on_client_reset>("on_client_reset"),
    option_of<&rules::on_backend_reset>("on_backend_reset"),
    option_of<&rules::on_proxy_end>("on_proxy_end"),
};

/// Options as a set of bits, in the order of `options`.
using option_set = unsigned;
constexpr option_set all_options = (1U << options.size()) - 1;

rules without(option_set reverted, rules given)
{
    for (std::size_t i = 0; i < options.size(); ++i) {
        if ((reverted >> i & 1U) != 0)
            options[i].revert(given);
    }
    return given;
}

/// "mode: notify or half_close: close"
std::string in_words(option_set which, const rules& given)
{
    std::string text;
    for (std::size_t i = 0; i < options.size(); ++i) {
        if ((which >> i & 1U) != 0)
            text += std::string{text.empty() ? "" : " or "} + options[i].name + ": " +
                    std::string{options[i].value(given)};
    }
    return text;
}

} // namespace

std::vector<std::string> choices_behind(trial row, const circumstances& given)
{
    const auto expected_without = [&](option_set reverted) {
        circumstances otherwise = given;
        otherwise.rules = without(reverted, given.rules);
        return expected(row, otherwise);
    };
    const std::vector<expectation> as_given = expected(row, given);
    if (as_given == expected_without(all_options))
        return {};

    // The smallest sets without which the row would go otherwise. One option is a cause of its own;
    // of several, each is enough. The smaller ones come first.
    std::vector<option_set> sets;
    for (int size = 1; size <= static_cast<int>(options.size()); ++size) {
        for (option_set each = 1; each <= all_options; ++each) {
            const bool is_larger = std::any_of(sets.begin(), sets.end(), [&](option_set smaller) {
                return (each & smaller) == smaller;
            });
            if (std::popcount(each) == size && !is_larger && expected_without(each) != as_given)
                sets.push_back(each);
        }
    }
    std::vector<std::string> found;
    for (const option_set each : sets)
        found.push_back(in_words(each, given.rules));
    return found;
}

} // namespace ferrule::selftest
