#pragma once

#include <cstdio>
#include <cstdlib>

namespace load {

/// Ends the program with the system's reason where what the measurement rests on does not hold.
inline void require(bool holds, const char* what)
{
    if (holds)
        return;
    std::perror(what);
    std::exit(2);
}

} // namespace load
