// What the parts of one session share: its two peers, all that is known of its ending, its clocks,
// and what is told of it. Belongs to the session; the parts borrow it.
#pragma once

#include "ending/facts.hpp"
#include "net/deadline_wheel.hpp"
#include "session/activity.hpp"
#include "session/bounds.hpp"
#include "session/journal.hpp"
#include "session/peer.hpp"
#include "session/surroundings.hpp"

#include <array>
#include <cstdint>
#include <memory>

namespace ferrule::session {

struct state {
    /// `woken` has a turn when a socket or the wheel says so. Without `given->tls` the client
    /// speaks plain TCP.
    state(std::shared_ptr<const profile> given, surroundings& found, net::wakeable& woken,
          std::uint64_t id, const net::client_address& from) noexcept;

    const std::shared_ptr<const profile> settings;
    const ferrule::session::route* route; ///< one of `settings`
    surroundings& around;
    net::wakeable& owner;
    net::deadline alarm;
    std::array<peer, 2> peers; ///< [side]
    ending::facts facts;
    ferrule::session::bounds bounds;
    ferrule::session::activity activity;
    ferrule::session::journal journal;

    peer& peer_of(ending::side who) noexcept { return peers[static_cast<std::size_t>(who)]; }
    const peer& peer_of(ending::side who) const noexcept
    {
        return peers[static_cast<std::size_t>(who)];
    }
    peer& client() noexcept { return peers[0]; }
    const peer& client() const noexcept { return peers[0]; }
    peer& backend() noexcept { return peers[1]; }

    const ending::rules& rules() const noexcept { return route->shutdown.rules; }
    base::time_point now() const noexcept { return around.now; }

    /// Sets the alarm to the next time at which something is due.
    void arm() noexcept { around.wheel.set(alarm, bounds.earliest()); }
};

} // namespace ferrule::session
