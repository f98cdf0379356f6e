// When have files changed, and come to rest? Decides; looking and reading is done elsewhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ferrule::process {

/// What stat(2) says of a path. It follows symbolic links, so that a link that points elsewhere now
/// is another file.
struct file_sighting {
    int error = 0; ///< errno if there is nothing to see; the rest is 0 then
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t modified_nanoseconds = 0; ///< since 1970
    std::int64_t changed_nanoseconds = 0;  ///< the inode, by link(2), chmod(2), …

    friend bool operator==(const file_sighting&, const file_sighting&) = default;
};

using file_sightings = std::vector<file_sighting>;

/// Looks at each path, in their order. Blocks for the file system.
file_sightings look_at(const std::vector<std::string>& paths);

/// Files that belong together, such as a certificate and its key.
///
/// They are to be read when they look the same in two looks in a row and not as when they were read
/// last: writers replace one after the other, and some write in place. Whatever was read before the
/// first look is not known to be what the first look saw, so that the files are read once more
/// after it.
class file_watch {
public:
    /// Files that never rest are read all the same after so many looks.
    static constexpr int patience = 12;

    /// Takes a look, and returns true if the files are to be read now.
    bool is_due(const file_sightings& now);

    /// They could not be read: they are due again at the next look, changed or not.
    void try_again() { read_.reset(); }

private:
    std::optional<file_sightings> read_; ///< how they looked when they were read last
    std::optional<file_sightings> seen_; ///< in the look before
    int restless_looks_ = 0;
};

/// The files of one listener that are taken together, or not at all.
struct watched_files {
    enum class kind : std::uint8_t { certificate, ticket_keys };
    kind what = kind::certificate;
    std::string listener;
    std::vector<std::string> paths; ///< the certificate and its key; or the ticket keys
    file_watch watch;
    std::string refusal; ///< why they were not taken when they were read last; empty if they were
};

} // namespace ferrule::process
