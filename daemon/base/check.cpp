#include "base/check.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace ferrule::base {

namespace {

thread_local bool is_contained = false;

} // namespace

containment::containment() noexcept : outer_{is_contained}
{
    is_contained = true;
}

containment::~containment()
{
    is_contained = outer_;
}

void check_failed(const char* condition, const char* sentence, const char* file, int line)
{
    std::fprintf(stderr, "%s:%d: check failed: %s: %s\n", file, line, condition, sentence);
    std::fflush(stderr);
    if (is_contained)
        throw broken_promise{std::string{"check failed: "} + sentence};
    std::abort();
}

} // namespace ferrule::base
