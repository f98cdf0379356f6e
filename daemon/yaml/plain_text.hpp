// Text that comes from outside: is it text, and how to show a piece of it in a message.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ferrule::yaml {

struct text_flaw {
    std::size_t offset = 0; ///< of the first byte that is wrong
    std::string message;
};

/// The first thing that keeps `text` from being UTF-8 (RFC 3629) without control characters other
/// than tab, line feed and CR LF. yaml-cpp takes byte 4 for the end of the file, so what follows
/// one would be ignored in silence.
std::optional<text_flaw> find_flaw(std::string_view text);

/// The first character of `line` that looks like a blank or like nothing, and that YAML takes for a
/// letter: a no-break space, as web pages and word processors put into what is copied from them.
std::optional<text_flaw> find_odd_blank(std::string_view line);

bool has_control_characters(std::string_view value);

/// `value` in quotation marks for a message: shortened, control characters replaced, and PEM text,
/// which may be a private key, not shown at all.
std::string in_quotes(std::string_view value);

/// A variable of the shell that `value` names: "${PORT}", or "$PORT" in capitals. Empty: none.
std::string variable_in(std::string_view value);

/// `value` cut at commas and blanks, as a list in YAML: "[h2, http/1.1]". Empty if there is nothing
/// to cut.
std::string as_list(std::string_view value);

/// True if `value` holds the beginning of a PEM block.
bool is_pem(std::string_view value);

} // namespace ferrule::yaml
