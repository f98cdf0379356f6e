// What the peers' verbs showed → facts, and what is told of them. The session's side of
// ending/observe.hpp: nothing is decided here, and nothing is said to anybody.
#pragma once

#include "session/peer.hpp"

#include <string_view>

namespace ferrule::session {

struct state;

/// What became of bytes, or of a goodbye, that was given to `to`.
void observe_handed(state& now, ending::side to, handed what);

/// What waited for `to` was tried again; `before` of it waited.
void observe_flushed(state& now, ending::side to, handed what, std::size_t before);

/// A read has shown how `who` ended.
void observe_end(state& now, ending::side who, ending::source how);

/// What reading has made could not be handed over to the client.
void observe_trouble(state& now, ending::side who);

/// TLS is over, by the client's doing or since nothing can be said in the middle of a message.
void observe_tls_failure(state& now);

/// The kernel has given the connection of `who` up: its peer takes nothing any more. What it sent
/// before may still wait, in our kernel or behind a sink that is blocked, and is read out first. If
/// all is read, this is the only sign: the FIN that came before hides the reset.
void observe_failure(state& now, ending::side who);

/// `to` takes nothing any more. Bytes that wait for it are lost; how many is asked while the socket
/// is there.
void observe_sink_lost(state& now, ending::side to);

/// Asks the kernel what the peers have acknowledged. True if that changes a fact.
bool observe_acknowledgements(state& now);

/// What sockets have moved is progress.
void observe_progress(state& now);

/// The session is over for a want or a fault of ours; the first detail stays.
void give_up(state& now, ending::cause why, std::string_view detail);

} // namespace ferrule::session
