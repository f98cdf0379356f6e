// What the table of the configuration and the documents about it tell of each key, in one form, so
// that they can be compared.
#pragma once

#include "config/table.hpp"
#include "config/test_files.hpp"
#include "yaml/node.hpp"

#include <algorithm>
#include <map>
#include <regex>
#include <string>
#include <tuple>
#include <vector>

namespace ferrule::config {

/// All without markup, on one line.
struct told_key {
    std::string block; ///< "" at the top level, or "listeners[].tls"
    std::string name;
    std::string standard; ///< its default, or "required"
    std::string allowed;
    std::string text;    ///< the sentence of a row; all that a document says
    bool is_own = false; ///< has an own_row

    std::string path() const { return block.empty() ? name : block + "." + name; }
};

inline constexpr const char* reference_path = "config/ferrule.yaml";
inline constexpr const char* manual_path = "docs/configuration.md";
inline constexpr const char* page_path = "docs/man/ferrule.yaml.5";

/// How one document tells of the keys.
struct told_document {
    std::string path;
    std::vector<told_key> keys;                  ///< in its order
    std::map<std::string, std::string> openings; ///< block to the paragraph before its keys
    bool is_prose = false; ///< what is allowed stands in the text, and what is required is not said

    /// Of the block that is called so, or of the list's entries.
    std::string opening_of(const std::string& name) const
    {
        const auto found = openings.find(openings.contains(name) ? name : name + "[]");
        return found == openings.end() ? "" : found->second;
    }
};

template <class Place, class Kind, class Settings>
told_key told(const std::string& block, const row<Place, Kind>& key, const Settings& defaults)
{
    return {block, std::string(key.name), key.standard(defaults), key.allowed(),
            std::string(key.sentence)};
}

template <class Settings>
told_key told(const std::string& block, const own_row& key, const Settings&)
{
    return {block,
            std::string(key.name),
            std::string(key.standard),
            std::string(key.allowed),
            std::string(key.sentence),
            true};
}

/// Calls `use(block, rows, defaults)` for each block of the table, in its order.
template <class Use>
void for_each_block(Use use)
{
    use("", root_rows, settings{});
    use("limits", limits_rows, settings{});
    use("log", log_rows, log_settings{});
    use("metrics", metrics_rows, settings{});
    use("control", control_rows, control_settings{});
    use("drain", drain_rows, drain_settings{});
    use("timeouts", timeouts_rows, timeout_settings{});
    use("shutdown", shutdown_rows, shutdown_settings{});
    use("listeners[]", listener_rows, listener_settings{});
    use("listeners[].tls", tls_rows, tls_settings{});
    use("backends[]", backend_rows, backend_settings{});
}

/// Every row of the table, in its order.
inline std::vector<told_key> all_rows()
{
    std::vector<told_key> keys;
    for_each_block([&](const std::string& block, const auto& rows, const auto& defaults) {
        for_each_row(rows, [&](const auto& each, std::size_t) {
            keys.push_back(told(block, each, defaults));
        });
    });
    return keys;
}

inline std::string replaced(std::string text, const std::string& pattern, const std::string& by)
{
    return std::regex_replace(text, std::regex(pattern), by);
}

/// On one line, with single blanks, and with none at its ends.
inline std::string on_one_line(const std::string& text)
{
    return replaced(replaced(text, "\\s+", " "), "^ | $", "");
}

inline std::string without_markdown(const std::string& text)
{
    return on_one_line(replaced(replaced(text, "\\[([^\\]]+)\\]\\([^)]*\\)", "$1"), "`", ""));
}

/// Of a page in the language of man(7).
inline std::string without_roff(const std::string& text)
{
    const std::string shown = replaced(text, "\\\\\n|\\\\f[BIRP]|\\\\:|\\\\&", "");
    return on_one_line(replaced(replaced(shown, "\\\\-", "-"), "\\\\e", "\\"));
}

inline std::vector<std::string> split(const std::string& text, const std::string& separator)
{
    std::vector<std::string> parts;
    std::size_t from = 0;
    for (auto at = text.find(separator); at != text.npos; at = text.find(separator, from)) {
        parts.push_back(text.substr(from, at - from));
        from = at + separator.size();
    }
    parts.push_back(text.substr(from));
    return parts;
}

/// The comment right above `line`, which counts from 1.
inline std::string comment_above(const std::vector<std::string>& lines, std::size_t line)
{
    std::string comment;
    for (std::size_t index = line - 1; index > 0; --index) {
        const std::string& above = lines[index - 1];
        const auto mark = above.find_first_not_of(' ');
        if (mark == above.npos || above[mark] != '#')
            break;
        comment = above.substr(mark + 1) + "\n" + comment;
    }
    return without_markdown(comment);
}

inline void collect_keys(const yaml::node& from, const std::string& block,
                         const std::vector<std::string>& lines,
                         std::map<std::string, std::vector<told_key>>& found)
{
    for (const yaml::yaml_entry& entry : from.entries()) {
        const bool is_empty_list =
            entry.value.type() == yaml::node::kind::list && entry.value.items().empty();
        const told_key key{block, entry.key.scalar(), is_empty_list ? "[]" : entry.value.scalar(),
                           "", comment_above(lines, entry.key.at().line)};
        found[block].push_back(key);
        collect_keys(entry.value, key.path(), lines, found);
    }
    for (const yaml::node& item : from.items())
        collect_keys(item, block + "[]", lines, found);
}

/// config/ferrule.yaml: a key's text is the comment right above it.
inline told_document reference_file()
{
    told_document result{reference_path, {}, {}, true};
    const std::string text = test::read_whole(test::source_tree() / result.path);
    const yaml::yaml_document document = yaml::parse_yaml(text);
    std::map<std::string, std::vector<told_key>> found;
    collect_keys(document.root.value(), "", split(text, "\n"), found);
    for_each_block([&](const std::string& block, const auto&, const auto&) {
        result.keys.insert(result.keys.end(), found[block].begin(), found[block].end());
        found.erase(block);
    });
    for (const auto& [block, keys] : found) // one that the table has not, or for_each_block
        result.keys.insert(result.keys.end(), keys.begin(), keys.end());
    return result;
}

/// docs/configuration.md: a table in the section of each block.
inline told_document manual()
{
    const std::map<std::string, std::string> blocks{{"The file's top level", ""},
                                                    {"listeners", "listeners[]"},
                                                    {"tls", "listeners[].tls"},
                                                    {"backends", "backends[]"}};
    told_document result{manual_path, {}, {}};
    const std::string text = test::read_whole(test::source_tree() / result.path);
    for (const std::string& section : split(replaced(text, "\n##+ ", "\n## "), "\n## ")) {
        const auto heading_end = section.find('\n');
        const std::string heading = section.substr(0, heading_end);
        const auto known = blocks.find(heading);
        const std::string block = known == blocks.end() ? heading : known->second;
        const std::string body = section.substr(std::min(heading_end, section.size()));
        result.openings[block] =
            without_markdown(body.substr(0, std::min(body.find("\n\n", 2), body.find("\n|"))));
        for (const std::string& line : split(body, "\n")) {
            const std::vector<std::string> cells = split(line, "|");
            if (cells.size() == 6 && cells[1].starts_with(" `"))
                result.keys.push_back({block, without_markdown(cells[1]),
                                       without_markdown(cells[2]), without_markdown(cells[3]),
                                       without_markdown(cells[4])});
        }
    }
    return result;
}

/// What follows `mark` in `text`, up to its end or to `end`; empty if `mark` is not there.
inline std::string between(const std::string& text, const std::string& mark, const std::string& end)
{
    const auto at = text.find(mark);
    return at == text.npos ? "" : split(text.substr(at + mark.size()), end).front();
}

/// ferrule.yaml(5): a paragraph with a tag for each key, its default on a line of its own.
inline told_document manual_page()
{
    told_document result{page_path, {}, {}};
    const std::string page = test::read_whole(test::source_tree() / result.path);
    const std::string keys = between(page, "\n.SH KEYS\n", "\n.SH ");
    for (const std::string& section : split("\n" + keys, "\n.SS ")) {
        std::vector<std::string> entries = split(section, "\n.TP\n.B ");
        const std::string heading = replaced(split(entries.front(), "\n").front(), "\"", "");
        const std::string block = heading == "Top level" ? "" : heading;
        result.openings[block] = without_roff(between(entries.front(), "\n", "\n.PP"));
        entries.erase(entries.begin());
        for (const std::string& entry : entries) {
            const std::string name = split(entry, "\n").front();
            const std::string bounds = without_roff(between(entry, "\n.br\n", "\n.br\n"));
            const bool is_required = bounds.starts_with("Required.");
            const std::string standard = between(bounds, "Default: ", ". Allowed: ");
            const std::string allowed = between(bounds, "Allowed: ", "\n");
            result.keys.push_back({block, name, is_required ? "required" : standard,
                                   allowed.substr(0, allowed.rfind('.')),
                                   without_roff(between(entry, "\n", "\n.br\n"))});
        }
    }
    return result;
}

/// What one of these three documents tells.
inline told_document told_by(const std::string& path)
{
    return path == reference_path ? reference_file()
           : path == manual_path  ? manual()
                                  : manual_page();
}

} // namespace ferrule::config
