// Text that comes from outside: is it text, and how to show a piece of it in a message.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ferrule::config {

struct text_flaw {
    std::size_t offset = 0; ///< of the first byte that is wrong
    std::string message;
};

/// The first thing that keeps `text` from being UTF-8 (RFC 3629) without control characters other
/// than tab, line feed and CR LF. yaml-cpp takes byte 4 for the end of the file, so what follows
/// one would be ignored in silence.
std::optional<text_flaw> find_flaw(std::string_view text);

bool has_control_characters(std::string_view value);

/// `value` in quotation marks for a message: shortened, control characters replaced, and PEM text,
/// which may be a private key, not shown at all.
std::string in_quotes(std::string_view value);

/// True if `value` holds the beginning of a PEM block.
bool is_pem(std::string_view value);

} // namespace ferrule::config
