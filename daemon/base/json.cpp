#include "base/json.hpp"

#include <boost/json/src.hpp>
