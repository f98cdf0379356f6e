// "Did you mean ...?"
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ferrule::yaml {

/// The word of `words` that `typed` is most likely a slip of: upper for lower case, a letter or two
/// wrong, missing, extra or swapped, or the beginning of just one of them. Empty if none is near.
std::string_view nearest(std::string_view typed, const std::vector<std::string_view>& words);

/// "one of: wait, notify, abort (did you mean 'notify'?)"; the question only if one is near.
std::string one_of(std::string_view typed, const std::vector<std::string_view>& words);

} // namespace ferrule::yaml
