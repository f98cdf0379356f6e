// A record as a test compares it.
#pragma once

#include "record/ended_session.hpp"

#include <string>

namespace ferrule::test {

/// "client_eof, then backend_eof; client exchanged, backend exchanged; clean".
inline std::string ending_of(const record::ended_session& told)
{
    std::string text{ending::to_text(told.cause)};
    if (told.second != ending::cause::none)
        text += ", then " + std::string(ending::to_text(told.second));
    text += "; client " + std::string(ending::to_text(told.client_act));
    text += ", backend " + std::string(ending::to_text(told.backend_act));
    return text + "; " + std::string(ending::to_text(told.outcome));
}

/// Text in which every place looks different, so that a missing or doubled piece shows.
inline std::string text_of_size(std::size_t size, unsigned seed = 1)
{
    std::string text(size, '\0');
    for (char& each : text) {
        seed = seed * 1664525U + 1013904223U;
        each = static_cast<char>('a' + (seed >> 24U) % 26U);
    }
    return text;
}

} // namespace ferrule::test
