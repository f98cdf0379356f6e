// A YAML document as a plain tree in which everything knows its place: maps keep repeated keys, and
// an alias knows where it stands as well as what it stands for. Nothing is interpreted here: `010`,
// `off` and `"5"` are texts.
#pragma once

#include "yaml/diagnostic.hpp"

#include <compare>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ferrule::yaml {

/// A place in the file; both numbers are 1-based, and columns count bytes. 0:0 is the whole file.
struct place {
    int line = 0;
    int column = 0;

    friend auto operator<=>(const place&, const place&) = default;
};

class node;
struct yaml_entry;

/// One value. Cheap to copy: copies and aliases share what they hold.
class node {
public:
    enum class kind { nothing, scalar, list, map };
    struct content;

    node(std::shared_ptr<const content> holds, place at, bool is_alias = false);

    /// The same value, standing for itself at an alias.
    node alias_at(place where) const { return {content_, where, true}; }

    kind type() const;
    place at() const { return at_; } ///< for an alias: where the alias is
    bool is_alias() const { return is_alias_; }
    std::size_t weight() const; ///< how many values this is with all aliases written out

    const std::string& scalar() const;              ///< empty unless a scalar
    const std::vector<node>& items() const;         ///< empty unless a list
    const std::vector<yaml_entry>& entries() const; ///< empty unless a map

private:
    std::shared_ptr<const content> content_;
    place at_;
    bool is_alias_;
};

struct yaml_entry {
    node key;
    node value;
};

struct yaml_document {
    std::optional<node> root;          ///< nullopt if there is a problem, or the file says nothing
    std::optional<diagnostic> problem; ///< the first one: after a syntax error all else is a guess
};

/// Reads exactly one document. Refuses what is not UTF-8 text, tags, more than one document,
/// nesting beyond 32 levels, and more than 100 000 values with aliases written out, so that no file
/// can exhaust stack, memory or time. Throws nothing but std::bad_alloc.
yaml_document parse_yaml(const std::string& text);

} // namespace ferrule::yaml
