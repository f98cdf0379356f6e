#include "config/plain_text.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace ferrule::config {

namespace {

constexpr std::size_t max_quoted = 48;

bool is_control(char byte)
{
    return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f;
}

bool is_continuation(char byte)
{
    return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

std::string in_hex(char byte)
{
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "0x%02x", static_cast<unsigned char>(byte));
    return text.data();
}

/// text.size() if there is none but tabs and line ends.
std::size_t first_control_character(std::string_view text)
{
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool ends_line = text[i] == '\n' || text.substr(i, 2) == "\r\n";
        if (is_control(text[i]) && text[i] != '\t' && !ends_line)
            return i;
    }
    return text.size();
}

/// The first byte that is not part of UTF-8; text.size() if there is none.
std::size_t first_foreign_byte(std::string_view text)
{
    constexpr std::string_view replacement = "\xef\xbf\xbd"; // U+FFFD
    const std::string valid = base::valid_utf8(text);
    const auto differs = std::mismatch(text.begin(), text.end(), valid.begin(), valid.end());
    if (differs.first == text.end() && valid.size() == text.size())
        return text.size();
    // A replaced byte may look like the beginning of its replacement.
    const auto at = static_cast<std::size_t>(differs.first - text.begin());
    for (const std::size_t back : {2u, 1u}) {
        if (back <= at && valid.compare(at - back, replacement.size(), replacement) == 0)
            return at - back;
    }
    return at;
}

} // namespace

std::optional<text_flaw> find_flaw(std::string_view text)
{
    const std::size_t control = first_control_character(text);
    const std::size_t foreign = first_foreign_byte(text);
    if (control < foreign)
        return text_flaw{control, "the control character " + in_hex(text[control])};
    if (foreign < text.size())
        return text_flaw{foreign, "the byte " + in_hex(text[foreign]) + " is not UTF-8"};
    return std::nullopt;
}

bool has_control_characters(std::string_view value)
{
    return std::any_of(value.begin(), value.end(), is_control);
}

std::string in_quotes(std::string_view value)
{
    if (is_pem(value))
        return "(PEM text)";
    std::string shown(value);
    if (value.size() > max_quoted) {
        std::size_t end = max_quoted;
        while (end > 0 && is_continuation(value[end]))
            --end;
        shown = std::string(value.substr(0, end)) + "...";
    }
    std::replace_if(shown.begin(), shown.end(), is_control, '?');
    return "'" + shown + "'";
}

bool is_pem(std::string_view value)
{
    return value.find("-----BEGIN") != value.npos;
}

} // namespace ferrule::config
