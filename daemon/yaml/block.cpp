#include "yaml/block.hpp"

#include "base/check.hpp"
#include "yaml/nearest.hpp"
#include "yaml/plain_text.hpp"

#include <algorithm>

namespace ferrule::yaml {

namespace {

bool names_an_entry(const std::string& path)
{
    return path.ends_with(": ");
}

} // namespace

void report::error(place at, const std::string& path, const std::string& what, std::string fix)
{
    add(severity::error, at, path, what, std::move(fix));
    has_errors_ = true;
}

void report::warning(place at, const std::string& path, const std::string& what, std::string fix)
{
    add(severity::warning, at, path, what, std::move(fix));
}

void report::add(severity level, place at, const std::string& path, const std::string& what,
                 std::string fix)
{
    if (!said_.emplace(at, what).second)
        return;
    const std::string start = path.empty() || names_an_entry(path) ? path : path + ": ";
    findings_.push_back({level, at.line, at.column, start + what, std::move(fix)});
}

std::vector<diagnostic> report::take()
{
    sort_by_place(findings_);
    return std::move(findings_);
}

place field::at() const
{
    const bool points_at_value =
        value.type() == node::kind::scalar || value.is_alias() ||
        (value.type() != node::kind::nothing && value.at().line == key.line);
    return points_at_value ? value.at() : key;
}

std::string join(const std::string& parent, std::string_view key)
{
    const std::string separator = parent.empty() || names_an_entry(parent) ? "" : ".";
    return parent + separator + std::string(key);
}

block::block(const field& from, std::span<const std::string_view> keys, report& out)
    : keys_(keys), path_(from.path), at_(from.key)
{
    using kind = node::kind;
    const std::string subject = path_.empty() ? "the file " : "";
    switch (from.value.type()) {
    case kind::map:
        is_map_ = true;
        for (const yaml_entry& entry : from.value.entries())
            take(entry, out);
        break;
    case kind::nothing:
        out.error(from.at(), path_, "has no value", "write its keys below it, or remove it");
        break;
    case kind::list:
        out.error(from.at(), path_, subject + "is a list, not a block of keys",
                  "write 'key: value' lines, without '- '");
        break;
    case kind::scalar:
        if (const auto blank = find_odd_blank(from.value.scalar()); blank.has_value()) {
            out.error(from.at(), path_,
                      subject + "is a single value: " + blank->message +
                          ", which YAML takes for a letter",
                      "write an ordinary blank");
            break;
        }
        out.error(from.at(), path_, subject + "is a single value, not a block of keys",
                  "write 'key: value' lines below it");
        break;
    }
}

void block::take(const yaml_entry& entry, report& out)
{
    const place at = entry.key.at();
    if (entry.key.type() != node::kind::scalar) {
        out.error(at, path_, "a key must be a single word");
        return;
    }
    const std::string& name = entry.key.scalar();
    if (name == "<<") {
        out.error(at, path_, "unknown key '<<'",
                  "merge keys are not supported: use an alias for a whole value, or write it out");
        return;
    }
    if (std::find(keys_.begin(), keys_.end(), name) == keys_.end()) {
        const std::vector<std::string_view> known(keys_.begin(), keys_.end());
        out.error(at, path_, "unknown key " + in_quotes(name), one_of(name, known));
        misspelt_.emplace(nearest(name, known));
        return;
    }
    const auto earlier = std::find_if(members_.begin(), members_.end(),
                                      [&](const member& m) { return m.name == name; });
    if (earlier != members_.end()) {
        out.error(at, path_, "'" + name + "' stands here a second time",
                  "the first is in line " + std::to_string(earlier->entry.key.at().line) +
                      "; keep one");
        return;
    }
    members_.push_back({name, entry});
}

bool block::hides(std::string_view key) const
{
    return !is_map_ || misspelt_.contains(key);
}

std::optional<field> block::find(std::string_view key) const
{
    CHECK(std::find(keys_.begin(), keys_.end(), key) != keys_.end(),
          "a reader asks only for the keys that its block has");
    for (const member& m : members_) {
        if (m.name == key)
            return field{m.entry.value, m.entry.key.at(), join(path_, key)};
    }
    return std::nullopt;
}

std::optional<field> block::require(std::string_view key, const std::string& fix, report& out) const
{
    std::optional<field> found = find(key);
    if (!found && !hides(key))
        out.error(at_, path_, "'" + std::string(key) + "' is missing", fix);
    return found;
}

} // namespace ferrule::yaml
