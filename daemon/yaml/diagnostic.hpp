// What is wrong with a configuration file, where, and what to do about it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ferrule::yaml {

enum class severity : std::uint8_t { error, warning };

/// One finding. `line` and `column` are 1-based; 0 means that the file as a whole is meant.
struct diagnostic {
    severity level = severity::error;
    int line = 0;
    int column = 0;
    std::string message; ///< "shutdown.mode: 'gracefull' is not a shutdown mode"
    std::string fix;     ///< "one of: wait, notify, abort (did you mean ...?)"; may be empty
};

/// The order of the file; findings about the file as a whole come first.
void sort_by_place(std::vector<diagnostic>& findings);

/// Writes findings as compilers do, in the order of the file:
///
///     ferrule.yaml:14:13: error: shutdown.mode: 'gracefull' is not a shutdown mode
///           mode: gracefull
///                 ^ one of: wait, notify, abort
///
/// `text` is the file's content (for the quoted line), `name` is how the file is called. A line
/// that holds PEM text is not quoted: it may be a private key.
std::string to_text(const std::vector<diagnostic>& findings, const std::string& text,
                    const std::string& name);

} // namespace ferrule::yaml
