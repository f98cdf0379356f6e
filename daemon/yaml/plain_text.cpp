#include "yaml/plain_text.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace ferrule::yaml {

namespace {

constexpr std::size_t max_quoted = 48;
constexpr std::size_t max_listed = 100;

struct odd_blank {
    std::string_view bytes;
    std::string_view name;
    std::string_view number;
};
constexpr std::array odd_blanks{
    odd_blank{"\xc2\xa0", "a no-break space", "U+00A0"},
    odd_blank{"\xe2\x80\xaf", "a narrow no-break space", "U+202F"},
    odd_blank{"\xe2\x80\x83", "an em space", "U+2003"},
    odd_blank{"\xe2\x80\x8b", "a zero-width space", "U+200B"},
    odd_blank{"\xe3\x80\x80", "an ideographic space", "U+3000"},
    odd_blank{"\xef\xbb\xbf", "a byte order mark", "U+FEFF"},
};

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

std::optional<text_flaw> find_odd_blank(std::string_view line)
{
    std::optional<text_flaw> first;
    for (const odd_blank& each : odd_blanks) {
        const std::size_t at = line.find(each.bytes);
        if (at != line.npos && (!first || at < first->offset))
            first = text_flaw{at, std::string(each.name) + " (" + std::string(each.number) +
                                      ") stands here"};
    }
    return first;
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
    // What looks like nothing, or like a blank, and is neither.
    for (const odd_blank& each : odd_blanks) {
        for (auto at = shown.find(each.bytes); at != shown.npos; at = shown.find(each.bytes))
            shown.replace(at, each.bytes.size(), "<" + std::string(each.number) + ">");
    }
    return "'" + shown + "'";
}

std::string variable_in(std::string_view value)
{
    constexpr std::string_view capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    constexpr std::string_view in_name = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    for (auto at = value.find('$'); at != value.npos; at = value.find('$', at + 1)) {
        const std::string_view behind = value.substr(at + 1);
        const auto brace = behind.starts_with('{') ? behind.find('}') : behind.npos;
        if (brace != behind.npos && brace < max_quoted)
            return std::string(value.substr(at, brace + 2));
        if (!behind.empty() && capitals.find(behind.front()) != capitals.npos)
            return std::string(
                value.substr(at, 1 + std::min(behind.find_first_not_of(in_name), behind.size())));
    }
    return {};
}

std::string as_list(std::string_view value)
{
    constexpr std::string_view separators = ", \t";
    if (value.find_first_of(separators) == value.npos)
        return {};
    std::string list;
    for (std::size_t from = value.find_first_not_of(separators); from < value.size();) {
        const std::size_t to = std::min(value.find_first_of(separators, from), value.size());
        const std::string_view each = value.substr(from, to - from);
        const bool needs_quotes = each.find_first_of(":[]{}*&!|>'\"%@`#") != each.npos;
        list += list.empty() ? "" : ", ";
        list += needs_quotes ? '"' + std::string(each) + '"' : std::string(each);
        from = value.find_first_not_of(separators, to);
        if (list.size() > max_listed && from < value.size()) {
            list += ", ...";
            break;
        }
    }
    return "[" + list + "]";
}

bool is_pem(std::string_view value)
{
    return value.find("-----BEGIN") != value.npos;
}

} // namespace ferrule::yaml
