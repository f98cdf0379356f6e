// What the verbs of observe.hpp share. Of ending/ only.
#pragma once

#include "ending/facts.hpp"

namespace ferrule::ending {

/// The first cause wins; the next one is kept as `second` (E5).
void note(facts& now, cause why);

/// The cause that this end of this side is.
cause cause_of(side who, source how);

/// Stops listening to a source that is still open.
void cut(flow& flow);

/// A write, or the kernel, has told of these resets; what the side sent before could not be read
/// out and is given up. It ended by itself, so no policy for our own ends makes a clean one of it.
void settle_known_resets(facts& now);

} // namespace ferrule::ending
