#include "yaml/values.hpp"

#include "yaml/scalars.hpp"

#include <algorithm>

namespace ferrule::yaml {

namespace {

using kind = node::kind;

constexpr std::size_t max_name = 32;

template <class T>
void refuse(const field& from, const std::string& text, const parsed<T>& result,
            const std::string& range, report& out)
{
    out.error(from.at(), from.path, in_quotes(text) + " " + result.problem,
              result.fix.empty() ? range : result.fix);
}

/// What is common to numbers, sizes and durations once they are parsed.
template <class T>
std::optional<T> within(const field& from, const std::string& text, const parsed<T>& result, T low,
                        T high, const std::string& range, report& out)
{
    if (!result.value) {
        refuse(from, text, result, range, out);
        return std::nullopt;
    }
    if (*result.value < low || *result.value > high) {
        out.error(from.at(), from.path, in_quotes(text) + " is out of range", range);
        return std::nullopt;
    }
    return result.value;
}

/// What a number without a unit would be with the unit that is offered for it.
std::optional<base::milliseconds> without_unit(const std::string& text)
{
    if (!parse_number(text).value)
        return std::nullopt;
    return parse_duration(text + "s").value;
}

} // namespace

std::string range_text(number_range range)
{
    return std::to_string(range.low) + " to " + std::to_string(range.high);
}

std::string size_range_text(number_range range)
{
    return size_text(range.low) + " to " + size_text(range.high);
}

std::string range_text(duration_range range)
{
    return duration_text(range.low) + " to " + duration_text(range.high) +
           (range.may_be_off ? ", or off" : "");
}

std::optional<std::string> read_text(const field& from, report& out)
{
    switch (from.value.type()) {
    case kind::nothing:
        out.error(from.at(), from.path, "has no value", "write one, or remove the key");
        return std::nullopt;
    case kind::list:
        out.error(from.at(), from.path, "is a list, not a single value");
        return std::nullopt;
    case kind::map:
        out.error(from.at(), from.path, "is a block of keys, not a single value");
        return std::nullopt;
    case kind::scalar: break;
    }
    const std::string& text = from.value.scalar();
    if (text.empty()) {
        out.error(from.at(), from.path, "is empty", "write a value, or remove the key");
        return std::nullopt;
    }
    if (is_pem(text)) {
        out.error(from.at(), from.path, "is PEM text",
                  "certificate and key are named by the paths of their files");
        return std::nullopt;
    }
    if (const std::string variable = variable_in(text); !variable.empty()) {
        out.error(from.at(), from.path,
                  in_quotes(text) + " has " + variable + " in it, and nothing is expanded",
                  "write the value itself, or let envsubst write the file");
        return std::nullopt;
    }
    if (has_control_characters(text)) {
        out.error(from.at(), from.path, "has a line break or another control character in it");
        return std::nullopt;
    }
    return text;
}

std::optional<std::vector<field>> read_list(const field& from, report& out)
{
    if (from.value.type() == kind::map) {
        out.error(from.at(), from.path, "is a block of keys, not a list",
                  "write each entry below it, after '- '");
        return std::nullopt;
    }
    if (from.value.type() != kind::list) {
        if (!read_text(from, out))
            return std::nullopt;
        return std::vector{from};
    }
    std::vector<field> items;
    for (const node& item : from.value.items()) {
        // Behind an alias, an entry stands where the alias does: there it can be changed. The place
        // that YAML gives to an empty entry is that of whatever comes after it.
        const bool is_elsewhere = from.value.is_alias() || item.type() == kind::nothing;
        const place at = is_elsewhere ? from.at() : item.at();
        items.push_back({is_elsewhere ? item.alias_at(at) : item, at,
                         from.path + "[" + std::to_string(items.size()) + "]"});
    }
    return items;
}

std::optional<std::uint64_t> read_number(const field& from, number_range range, report& out)
{
    const std::optional<std::string> text = read_text(from, out);
    if (!text)
        return std::nullopt;
    return within(from, *text, parse_number(*text), range.low, range.high, range_text(range), out);
}

std::optional<std::uint64_t> read_number_or(std::string_view word, const field& from,
                                            number_range range, report& out)
{
    const std::optional<std::string> text = read_text(from, out);
    if (!text)
        return std::nullopt;
    if (*text == word)
        return 0;
    return within(from, *text, parse_number(*text), range.low, range.high,
                  std::string{word} + ", or " + range_text(range), out);
}

std::optional<std::uint64_t> read_size(const field& from, number_range range, report& out)
{
    const std::optional<std::string> text = read_text(from, out);
    if (!text)
        return std::nullopt;
    const std::string limits = size_range_text(range);
    parsed<std::uint64_t> result = parse_size(*text);
    // A plain number is offered as bytes only where that many are taken.
    if (const auto meant = parse_number(*text).value;
        meant && (*meant < range.low || *meant > range.high))
        result.fix = "with a unit, " + limits;
    return within(from, *text, result, range.low, range.high, limits, out);
}

std::optional<base::milliseconds> read_duration(const field& from, duration_range range,
                                                report& out)
{
    const std::optional<std::string> text = read_text(from, out);
    if (!text)
        return std::nullopt;
    const std::string limits = range_text(range);
    if (*text == "off" && range.may_be_off)
        return base::off;
    if (*text == "off" || (means_off(*text) && !range.may_be_off)) {
        out.error(from.at(), from.path, "cannot be off", limits);
        return std::nullopt;
    }
    parsed<base::milliseconds> result = parse_duration(*text);
    if (means_off(*text))
        result.fix = "write off";
    if (const auto meant = without_unit(*text);
        meant && (*meant < range.low || *meant > range.high))
        result.fix =
            (*meant == base::milliseconds::zero() && range.may_be_off)
                ? "write off, or " + duration_text(range.low) + " to " + duration_text(range.high)
                : "with a unit, " + limits;
    return within(from, *text, result, range.low, range.high, limits, out);
}

bool is_name(std::string_view text)
{
    return !text.empty() && text.size() <= max_name &&
           std::all_of(text.begin(), text.end(), [](char letter) {
               return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') ||
                      letter == '_' || letter == '-';
           });
}

std::optional<std::string> read_name(const field& from, report& out)
{
    std::optional<std::string> text = read_text(from, out);
    if (text && !is_name(*text)) {
        out.error(from.at(), from.path, in_quotes(*text) + " is not a name",
                  "1 to 32 of the characters a-z, 0-9, _ and -");
        return std::nullopt;
    }
    return text;
}

} // namespace ferrule::yaml
