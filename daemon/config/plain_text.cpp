#include "config/plain_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
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

/// The length of the UTF-8 sequence at the beginning of `text`, or 0 if there is none.
std::size_t sequence_length(std::string_view text)
{
    const auto first = static_cast<unsigned char>(text[0]);
    if (first < 0x80)
        return 1;
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < length)
        return 0;
    std::uint32_t point = first & (0xffu >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if (!is_continuation(text[i]))
            return 0;
        point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3fu);
    }
    const bool is_overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
    const bool is_surrogate = point >= 0xd800 && point <= 0xdfff;
    return is_overlong || is_surrogate || point > 0x10ffff ? 0 : length;
}

std::string in_hex(char byte)
{
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "0x%02x", static_cast<unsigned char>(byte));
    return text.data();
}

} // namespace

std::optional<text_flaw> find_flaw(std::string_view text)
{
    for (std::size_t i = 0; i < text.size();) {
        const char byte = text[i];
        const bool ends_line = byte == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
        if (is_control(byte) && byte != '\t' && byte != '\n' && !ends_line)
            return text_flaw{i, "the control character " + in_hex(byte)};
        const std::size_t length = sequence_length(text.substr(i));
        if (length == 0)
            return text_flaw{i, "the byte " + in_hex(byte) + " is not UTF-8"};
        i += length;
    }
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
