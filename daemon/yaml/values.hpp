// Fields → values: each function reports what is wrong with the field and then returns nullopt.
#pragma once

#include "base/time.hpp"
#include "yaml/block.hpp"
#include "yaml/nearest.hpp"
#include "yaml/plain_text.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ferrule::yaml {

/// A scalar that is neither empty nor PEM text, and without control characters.
std::optional<std::string> read_text(const field& from, report& out);

/// A list, or a single value in place of a list of one. May be empty.
std::optional<std::vector<field>> read_list(const field& from, report& out);

/// Both limits are allowed values.
struct number_range {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
};
std::optional<std::uint64_t> read_number(const field& from, number_range range, report& out);
std::optional<std::uint64_t> read_size(const field& from, number_range range, report& out);

/// `word`, which is 0, or a number.
std::optional<std::uint64_t> read_number_or(std::string_view word, const field& from,
                                            number_range range, report& out);

struct duration_range {
    base::milliseconds low{};
    base::milliseconds high{};
    bool may_be_off = false;
};
std::optional<base::milliseconds> read_duration(const field& from, duration_range range,
                                                report& out);

/// What a range allows, as findings offer it and the manual has it: "1 to 256", "0B to 1GiB",
/// "100ms to 1h, or off".
std::string range_text(number_range range);
std::string size_range_text(number_range range);
std::string range_text(duration_range range);

/// The name of a listener or backend: 1 to 32 of the characters a-z, 0-9, _ and -.
bool is_name(std::string_view text);
std::optional<std::string> read_name(const field& from, report& out);

/// One of `words`, as their `to_text` spells them; `noun` is what a word is: "a log level".
template <class words>
std::optional<typename words::value_type> read_word(const field& from, const words& choices,
                                                    const std::string& noun, report& out)
{
    const std::optional<std::string> text = read_text(from, out);
    if (!text)
        return std::nullopt;
    std::vector<std::string_view> names;
    for (const auto choice : choices) {
        names.push_back(to_text(choice));
        if (names.back() == *text)
            return choice;
    }
    out.error(from.at(), from.path, in_quotes(*text) + " is not " + noun, one_of(*text, names));
    return std::nullopt;
}

} // namespace ferrule::yaml
