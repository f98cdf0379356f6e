// Reading a whole small file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace ferrule::base {

struct text_file {
    std::string text;
    unsigned permissions = 0; ///< the nine bits of chmod(1)
    std::string problem;      ///< why there is no text: "is a directory"; empty if there is
    bool is_stream = false;   ///< a pipe or a device: it cannot be read again
};

/// True if people beyond the owner and the group may read a file with these permissions, or anybody
/// but the owner may change it. That the daemon's group may read a key of root's is good practice.
bool is_open_to_others(unsigned permissions);

/// No configuration, certificate or key is larger.
inline constexpr std::size_t max_file_size = 1024 * 1024;

/// What else than a regular file may be read.
enum class streams : std::uint8_t {
    refused, ///< before they are read
    /// Pipes and character devices (`/dev/stdin`, a shell's `<(command)`), to their end: that waits
    /// for whoever writes. A FIFO that nobody has opened for writing is at its end.
    taken,
};

/// Reads at most `max_file_size` bytes. Blocks for the disk only, unless `others` are taken. No
/// copy of the text is left in memory but the answer's. Throws nothing but std::bad_alloc.
text_file read_text_file(const std::string& path, streams others = streams::refused);

} // namespace ferrule::base
