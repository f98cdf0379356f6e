#include "session/state.hpp"

#include <utility>

namespace ferrule::session {

state::state(std::shared_ptr<const profile> given, surroundings& found, net::wakeable& woken,
             std::uint64_t id, const net::client_address& from) noexcept
    : settings{std::move(given)},
      route{&settings->default_route},
      around{found},
      owner{woken},
      alarm{woken},
      peers{settings->tls == nullptr ? peer{found} : peer{settings->tls->native(), found},
            peer{found}},
      journal{*settings, found, id, from}
{
}

} // namespace ferrule::session
