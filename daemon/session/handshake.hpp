// The session's first phase: from the accepted connection to TLS that is agreed on.
#pragma once

namespace ferrule::session {

struct state;

/// Goes on with the client's handshake with what has come. The phase ends when it is done or has
/// failed; what the client is told of a failure is decided elsewhere.
void shake_hands(state& now);

} // namespace ferrule::session
