// Facts → the one word that says how good or bad an ending was.
#pragma once

#include "ending/facts.hpp"

namespace ferrule::ending {

/// The worst that applies (docs/endings.md, "outcome"). `lost`: bytes were. `unconfirmed`: bytes,
/// or our own end, were handed to the kernel and not acknowledged when the socket was released.
/// Both are measured by the session; they are no facts, since no decision needs them.
///
/// A side whose own clean end was seen may be gone before our goodbye reaches it (decision 5): if
/// nothing was left for it, the session is clean all the same.
outcome outcome_of(const facts& now, bool lost, bool unconfirmed);

/// True if a session that has ended with this cause can have this outcome. Where it cannot, no time
/// series is made in advance.
bool can_come_of(cause first, outcome how);

} // namespace ferrule::ending
