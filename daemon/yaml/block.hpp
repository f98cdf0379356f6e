// What the readers of blocks share: the list of findings, a value with its path, and a map whose
// keys have been checked.
//
// Paths are as people say them: "shutdown.mode", "listener 'web': tls.key", or, if the listener's
// name cannot be read, "listeners[0].tls.key". A path that ends in ": " stands for the listener or
// backend as a whole.
#pragma once

#include "yaml/diagnostic.hpp"
#include "yaml/node.hpp"

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace ferrule::yaml {

/// Collects findings. The same thing at the same place is said once (an alias shows a block to
/// several readers).
class report {
public:
    void error(place at, const std::string& path, const std::string& what, std::string fix = {});
    void warning(place at, const std::string& path, const std::string& what, std::string fix = {});

    bool has_errors() const { return has_errors_; }

    /// All findings, in the order of the file.
    std::vector<diagnostic> take();

private:
    void add(severity level, place at, const std::string& path, const std::string& what,
             std::string fix);

    std::vector<diagnostic> findings_;
    std::set<std::tuple<place, std::string>> said_;
    bool has_errors_ = false;
};

/// A value with its path.
struct field {
    node value;
    place key; ///< of the key before it, or of the list's entry
    std::string path;

    /// Where a finding about the value points: at a value on the key's line, else at the key.
    place at() const;
};

/// The path of `key` inside of what `parent` is the path of.
std::string join(const std::string& parent, std::string_view key);

/// A map whose keys are known and stand once each.
class block {
public:
    /// Reports that `from` is not a map, and every key that is unknown or repeated.
    block(const field& from, std::span<const std::string_view> keys, report& out);

    /// False if it is not a map at all: then nothing in it is missing.
    bool is_map() const { return is_map_; }

    /// True if the key is not there because of an error that has been reported: the block is no
    /// map, or an unknown key is likely a slip of this one. What it should say is then not known.
    bool hides(std::string_view key) const;

    /// nullopt if the key is not there. `key` must be one of the block's keys.
    std::optional<field> find(std::string_view key) const;

    /// The same, and a missing key is reported, unless an unknown key is likely a slip of it.
    std::optional<field> require(std::string_view key, const std::string& fix, report& out) const;

private:
    struct member {
        std::string name;
        yaml_entry entry;
    };

    void take(const yaml_entry& entry, report& out);

    std::span<const std::string_view> keys_;
    std::string path_;
    place at_;
    bool is_map_ = false;
    std::vector<member> members_;
    std::set<std::string, std::less<>> misspelt_; ///< keys that an unknown one was meant to be
};

} // namespace ferrule::yaml
