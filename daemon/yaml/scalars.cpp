#include "yaml/scalars.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace ferrule::yaml {

namespace {

using base::milliseconds;

constexpr std::size_t max_echo = 12; ///< digits that are worth repeating in a fix
constexpr std::uint64_t too_large = std::numeric_limits<std::uint64_t>::max();

struct unit {
    std::string_view name;
    std::uint64_t factor;
};
constexpr std::array duration_units{unit{"h", 3'600'000}, unit{"m", 60'000}, unit{"s", 1'000},
                                    unit{"ms", 1}};
constexpr std::array size_units{unit{"GiB", 1u << 30}, unit{"MiB", 1u << 20}, unit{"KiB", 1u << 10},
                                unit{"B", 1}};

constexpr const char* duration_form = "a whole number and a unit, ms, s, m or h: 500ms, 1m30s";
constexpr const char* size_form = "a whole number and a unit, B, KiB, MiB or GiB: 64KiB";

bool is_digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

/// Takes the digits at the beginning of `text` off it.
std::string_view take_digits(std::string_view& text)
{
    std::size_t length = 0;
    while (length < text.size() && is_digit(text[length]))
        ++length;
    const std::string_view digits = text.substr(0, length);
    text.remove_prefix(length);
    return digits;
}

/// Takes letters off, up to the next digit.
std::string_view take_unit(std::string_view& text)
{
    std::size_t length = 0;
    while (length < text.size() && !is_digit(text[length]))
        ++length;
    const std::string_view name = text.substr(0, length);
    text.remove_prefix(length);
    return name;
}

bool begins_with_zero(std::string_view digits)
{
    return digits.size() > 1 && digits.front() == '0';
}

/// `unit` follows the digits. Only a number without one is octal to YAML.
template <class T>
parsed<T> refuse_leading_zero(std::string_view digits, std::string_view unit)
{
    if (digits.size() > max_echo)
        return {{}, "begins with 0", "write it without"};
    const auto first = digits.find_first_not_of('0');
    const std::string decimal(first == digits.npos ? "0" : digits.substr(first));
    const std::string why = unit.empty()
                                ? ": YAML takes " + std::string(digits) + " for an octal number"
                                : ", not " + std::string(digits) + std::string(unit);
    return {{}, "begins with 0", "write " + decimal + std::string(unit) + why};
}

template <class T>
parsed<T> refuse_without_unit(std::string_view digits, const char* units, const char* usual)
{
    const std::string number(digits.size() > max_echo ? "1" : digits);
    return {{}, "has no unit", std::string(units) + " must follow, such as " + number + usual};
}

std::uint64_t to_number(std::string_view digits)
{
    std::uint64_t number = 0;
    const auto done = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return done.ec == std::errc{} ? number : too_large;
}

std::uint64_t saturating_product(std::uint64_t a, std::uint64_t b)
{
    return b != 0 && a > too_large / b ? too_large : a * b;
}

std::uint64_t saturating_sum(std::uint64_t a, std::uint64_t b)
{
    return a > too_large - b ? too_large : a + b;
}

} // namespace

parsed<std::uint64_t> parse_number(std::string_view text)
{
    std::string_view rest = text;
    const std::string_view digits = take_digits(rest);
    if (digits.empty() || !rest.empty())
        return {{}, "is not a whole number", {}};
    if (begins_with_zero(digits))
        return refuse_leading_zero<std::uint64_t>(digits, {});
    return {to_number(digits), {}, {}};
}

parsed<milliseconds> parse_duration(std::string_view text)
{
    std::uint64_t total = 0;
    std::uint64_t last_factor = too_large;
    std::string_view rest = text;
    do {
        const std::string_view digits = take_digits(rest);
        if (digits.empty())
            return {{}, "is not a duration", duration_form};
        const std::string_view name = take_unit(rest);
        if (name.empty())
            return refuse_without_unit<milliseconds>(digits, "ms, s, m or h", "s");
        const unit* found = nullptr;
        for (const unit& known : duration_units)
            found = known.name == name ? &known : found;
        if (begins_with_zero(digits))
            return refuse_leading_zero<milliseconds>(digits, found != nullptr ? name : "s");
        if (found == nullptr)
            return {{}, "is not a duration", duration_form};
        if (found->factor >= last_factor)
            return {{}, "is not a duration", "units go from large to small, each once: 1m30s"};
        last_factor = found->factor;
        total = saturating_sum(total, saturating_product(to_number(digits), found->factor));
    } while (!rest.empty());

    const auto most = static_cast<std::uint64_t>(milliseconds::max().count());
    return {milliseconds(static_cast<milliseconds::rep>(std::min(total, most))), {}, {}};
}

parsed<std::uint64_t> parse_size(std::string_view text)
{
    std::string_view rest = text;
    const std::string_view digits = take_digits(rest);
    if (digits.empty())
        return {{}, "is not a size", size_form};
    if (begins_with_zero(digits))
        return refuse_leading_zero<std::uint64_t>(digits, rest);
    if (rest.empty())
        return refuse_without_unit<std::uint64_t>(digits, "B, KiB, MiB or GiB", "B");
    for (const unit& known : size_units) {
        if (known.name == rest)
            return {saturating_product(to_number(digits), known.factor), {}, {}};
    }
    return {{}, "is not a size", size_form};
}

bool means_off(std::string_view word)
{
    static constexpr std::array<std::string_view, 14> words{
        "never",    "none",      "no",      "false", "disabled", "disable", "infinite",
        "infinity", "unlimited", "forever", "null",  "Off",      "OFF",     "indefinite"};
    return std::ranges::find(words, word) != words.end();
}

std::string duration_text(milliseconds duration)
{
    return duration == duration.zero() ? "0s" : base::to_text(duration);
}

std::string size_text(std::uint64_t bytes)
{
    for (const unit& known : size_units) {
        if (bytes != 0 && bytes % known.factor == 0)
            return std::to_string(bytes / known.factor) + std::string(known.name);
    }
    return "0B";
}

} // namespace ferrule::yaml
