#include "yaml/diagnostic.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>

namespace ferrule::yaml {

namespace {

/// A line longer than this is shown in part, so that a file of one long line (JSON) stays readable.
constexpr std::size_t max_shown = 160;

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

struct source_line {
    std::string_view text;
    bool is_pem = false; ///< may hold a private key, so it is never shown
};

std::vector<source_line> lines_of(std::string_view text)
{
    if (text.starts_with(byte_order_mark))
        text.remove_prefix(byte_order_mark.size());

    std::vector<source_line> lines;
    bool in_pem = false;
    while (!text.empty()) {
        const auto end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        in_pem = in_pem || line.find("-----BEGIN") != line.npos;
        lines.push_back({line, in_pem});
        in_pem = in_pem && line.find("-----END") == line.npos;
    }
    return lines;
}

bool continues_a_character(char byte)
{
    return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

bool is_control(char byte)
{
    return (static_cast<unsigned char>(byte) < 0x20 && byte != '\t') || byte == 0x7f;
}

/// The part of `line` around byte `column` that is shown; `column` becomes the place in the result.
std::string excerpt(std::string_view line, std::size_t& column)
{
    std::string shown(line);
    if (line.size() > max_shown) {
        std::size_t first = column > max_shown / 2 ? column - max_shown / 2 : 0;
        std::size_t last = std::min(line.size(), first + max_shown);
        while (first > 0 && first < line.size() && continues_a_character(line[first]))
            --first;
        while (last > first && last < line.size() && continues_a_character(line[last]))
            --last;
        shown = line.substr(first, last - first);
        column -= first;
        if (first > 0) {
            shown.insert(0, "...");
            column += 3;
        }
        if (last < line.size())
            shown += "...";
    }
    std::replace_if(shown.begin(), shown.end(), is_control, '?');
    return shown;
}

/// Blanks as wide as the first `column` bytes of `line`.
std::string indentation(std::string_view line, std::size_t column)
{
    std::string blanks;
    for (std::size_t i = 0; i < column; ++i) {
        if (i < line.size() && continues_a_character(line[i]))
            continue;
        blanks += i < line.size() && line[i] == '\t' ? '\t' : ' ';
    }
    return blanks;
}

void append_source(std::string& out, const diagnostic& finding, const source_line& line)
{
    auto column = static_cast<std::size_t>(std::max(finding.column, 1) - 1);
    column = std::min(column, line.text.size());
    if (line.is_pem) {
        out += "    (PEM text, not shown)\n";
        if (!finding.fix.empty())
            out += "    " + finding.fix + "\n";
        return;
    }
    const std::string shown = excerpt(line.text, column);
    out += shown + "\n" + indentation(shown, column) + "^";
    if (!finding.fix.empty())
        out += " " + finding.fix;
    out += "\n";
}

void append(std::string& out, const diagnostic& finding, const std::vector<source_line>& lines,
            const std::string& name)
{
    out += name + ":";
    if (finding.line > 0)
        out += std::to_string(finding.line) + ":" + std::to_string(finding.column) + ":";
    out += finding.level == severity::error ? " error: " : " warning: ";
    out += finding.message + "\n";

    const auto line = static_cast<std::size_t>(std::max(finding.line, 0));
    if (line > 0 && line <= lines.size() && !lines[line - 1].text.empty())
        append_source(out, finding, lines[line - 1]);
    else if (!finding.fix.empty())
        out += "    " + finding.fix + "\n";
}

} // namespace

void sort_by_place(std::vector<diagnostic>& findings)
{
    std::stable_sort(findings.begin(), findings.end(),
                     [](const diagnostic& a, const diagnostic& b) {
                         return std::tie(a.line, a.column) < std::tie(b.line, b.column);
                     });
}

std::string to_text(const std::vector<diagnostic>& findings, const std::string& text,
                    const std::string& name)
{
    std::vector<diagnostic> ordered = findings;
    sort_by_place(ordered);
    const std::vector<source_line> lines = lines_of(text);
    std::string out;
    for (const diagnostic& finding : ordered)
        append(out, finding, lines, name);
    return out;
}

} // namespace ferrule::yaml
