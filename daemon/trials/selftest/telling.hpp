// The words in which expectations of `ferrule selftest` are put together. Pure.
#pragma once

#include "trials/selftest/expectation.hpp"

namespace ferrule::selftest {

/// `on_proxy_end: notify`: an end that Ferrule makes is told as a clean one.
bool calls_its_ends_clean(const ending::rules& given);

bool aborts(const ending::rules& given); ///< `mode: abort`
bool closes(const ending::rules& given); ///< `half_close: close`

/// The client is told that all is well: close_notify and FIN, but for `mode: abort`.
void tell_client_end(expectation& way, const ending::rules& given, std::uint64_t bytes);

void reset_client(expectation& way, std::uint64_t bytes);

void tell_backend(expectation& way, seen_end end, ending::act done,
                  std::uint64_t bytes = request_bytes);

/// The beginning of a way.
expectation because(ending::cause first, ending::cause second = ending::cause::none);

} // namespace ferrule::selftest
