#include "base/time.hpp"

namespace ferrule::base {

std::string to_text(milliseconds duration)
{
    const auto ms = duration.count();
    if (ms == 0)
        return "off";
    if (ms % 3'600'000 == 0)
        return std::to_string(ms / 3'600'000) + "h";
    if (ms % 60'000 == 0)
        return std::to_string(ms / 60'000) + "m";
    if (ms % 1'000 == 0)
        return std::to_string(ms / 1'000) + "s";
    return std::to_string(ms) + "ms";
}

} // namespace ferrule::base
