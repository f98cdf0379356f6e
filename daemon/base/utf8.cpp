#include "base/utf8.hpp"

#include <boost/nowide/utf/utf.hpp>

namespace ferrule::base {

std::string valid_utf8(std::string_view text)
{
    namespace utf = boost::nowide::utf;

    std::string valid;
    valid.reserve(text.size());
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end) {
        const char* next = at;
        const auto point = utf::utf_traits<char>::decode(next, end);
        if (point == utf::illegal || point == utf::incomplete) {
            // Only this byte is replaced: the next one may begin a good sequence.
            valid += "\xEF\xBF\xBD";
            ++at;
        } else {
            valid.append(at, next);
            at = next;
        }
    }
    return valid;
}

} // namespace ferrule::base
