#include "trials/selftest/telling.hpp"

namespace ferrule::selftest {

using ending::act;
using ending::rules;

bool calls_its_ends_clean(const rules& given)
{
    return given.on_proxy_end == ending::proxy_policy::notify;
}

bool aborts(const rules& given)
{
    return given.mode == ending::mode::abort;
}

bool closes(const rules& given)
{
    return given.half_close == ending::half_close::close;
}

void tell_client_end(expectation& way, const rules& given, std::uint64_t bytes)
{
    if (aborts(given)) {
        way.client = {bytes, false, false, seen_end::reset};
        way.told.client_act = act::reset;
    } else {
        way.client = {bytes, true, false, seen_end::fin};
        way.told.client_act = act::exchanged;
    }
}

void tell_backend(expectation& way, seen_end end, act done, std::uint64_t bytes)
{
    way.backend = {bytes, false, false, end};
    way.told.backend_act = done;
}

void reset_client(expectation& way, std::uint64_t bytes)
{
    way.client = {bytes, false, false, seen_end::reset};
    way.told.client_act = act::reset;
}

expectation because(ending::cause first, ending::cause second)
{
    expectation way;
    way.told.cause = first;
    way.told.second = second;
    return way;
}

} // namespace ferrule::selftest
