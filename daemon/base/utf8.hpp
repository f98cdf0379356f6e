// Text from outside, where only UTF-8 may stand.
#pragma once

#include <string>
#include <string_view>

namespace ferrule::base {

/// A copy of `text` in which every byte that is not part of a well-formed UTF-8 sequence (RFC 3629:
/// no overlong forms, no surrogates) is replaced by U+FFFD. Prometheus refuses a whole scrape, and
/// JSON a whole line, for one such byte, and a certificate's subject may hold any.
std::string valid_utf8(std::string_view text);

} // namespace ferrule::base
