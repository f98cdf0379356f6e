# cmake -DFROM=FILE -DTO=HEADER -DNAME=IDENTIFIER -P embed.cmake: a text file as a constant in C++.
file(READ ${FROM} text)
file(WRITE ${TO} "#pragma once

#include <string_view>

namespace ferrule::exporter {

inline constexpr std::string_view ${NAME}{R\"-embedded-(${text})-embedded-\"};

} // namespace ferrule::exporter
")
