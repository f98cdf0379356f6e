#include "trials/selftest/sighting.hpp"

namespace ferrule::selftest {

std::string_view to_text(seen_end value)
{
    switch (value) {
    case seen_end::nothing: return "no end";
    case seen_end::fin: return "FIN";
    case seen_end::reset: return "RST";
    case seen_end::fin_then_rst: return "FIN, then RST";
    case seen_end::not_looked: return "-";
    case seen_end::unconnected: return "no connection";
    }
    return "?";
}

std::string to_text(const sighting& seen)
{
    if (seen.end == seen_end::not_looked || seen.end == seen_end::unconnected)
        return std::string{to_text(seen.end)};
    std::string text = seen.bytes > 0 ? std::to_string(seen.bytes) + " bytes, " : std::string{};
    if (seen.close_notify)
        text += "close_notify, ";
    if (seen.alert)
        text += "alert, ";
    return text + std::string{to_text(seen.end)};
}

} // namespace ferrule::selftest
