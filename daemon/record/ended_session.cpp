#include "record/ended_session.hpp"

namespace ferrule::record {

using ending::cause;
using ending::outcome;

namespace {

bool is_clean(cause how)
{
    return how == cause::client_eof || how == cause::backend_eof;
}

} // namespace

bool is_abnormal(const ended_session& told) noexcept
{
    if (told.cause == cause::probe)
        return false;
    switch (told.outcome) {
    case outcome::clean: return false;
    case outcome::unconfirmed:
    case outcome::lost: return true;
    case outcome::cut:
    case outcome::none: break;
    }
    // Only `mode` and `half_close` cut a session of which nothing has ended but cleanly.
    return !is_clean(told.cause) || (told.second != cause::none && !is_clean(told.second));
}

} // namespace ferrule::record
