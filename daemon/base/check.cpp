#include "base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace ferrule::base {

void check_failed(const char* condition, const char* sentence, const char* file, int line) noexcept
{
    std::fprintf(stderr, "%s:%d: check failed: %s: %s\n", file, line, condition, sentence);
    std::fflush(stderr);
    std::abort();
}

} // namespace ferrule::base
