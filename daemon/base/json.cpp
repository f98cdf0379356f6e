#include "base/json.hpp"

#include "base/utf8.hpp"

#include <boost/json/src.hpp>

namespace ferrule::base {

boost::json::value text_or_null(std::string_view text)
{
    if (text.empty())
        return nullptr;
    return boost::json::string(valid_utf8(text));
}

} // namespace ferrule::base
