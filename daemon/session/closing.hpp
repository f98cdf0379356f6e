// Deciding and saying: facts → next step → the wire.
#pragma once

namespace ferrule::session {

struct state;

/// Says what there is to say, and sets the clocks for what is waited for then. False once both
/// sockets are released: nothing is waited for any more.
bool settle(state& now);

/// Both sides are reset, whatever was decided (E9).
void reset_both(state& now);

} // namespace ferrule::session
