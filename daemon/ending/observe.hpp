// What happened → facts. Each function records one kind of event; none of them performs anything.
//
// The first cause wins and is never overwritten; the next one is kept as `second` (E5). Sources and
// sinks only move forward: from open to an end, from cut to what the peer itself then did.
#pragma once

#include "ending/facts.hpp"

namespace ferrule::ending {

/// `who` has ended as a sender, and everything that it sent before has been read. `quiet`: nothing
/// is buffered and no byte has moved for a second (what `idle-polite` asks for). `how` is an end,
/// not `open` and not `cut`.
void source_ended(facts& now, const rules& manners, side who, source how, bool quiet);

/// A write to `who` failed: it takes no bytes any more. How it ended as a sender is not known yet:
/// its last bytes may still wait to be read.
void sink_lost(facts& now, side who);

/// Bytes for `who` had to be dropped, since it is gone.
void bytes_dropped(facts& now, side who);

/// The handshake did not succeed. `why` is `handshake_failed`, `probe`, or a cause of our own.
/// `alert_sent`: the client was told by a fatal alert; `client_gone`: it can be told nothing.
void handshake_ended(facts& now, cause why, bool alert_sent, bool client_gone);

/// No server took the connection. `why` is `no_backend`, or a cause of our own while connecting.
void backend_missing(facts& now, cause why);

/// The proxy itself ends the session (idle, lifetime, drain, kill, …), told as `on_proxy_end` says.
void proxy_ended(facts& now, const rules& manners, cause why, bool quiet);

/// The bound in force has passed without progress.
void patience_ended(facts& now, const rules& manners, patience which, bool quiet);

/// `deadline` has passed.
void deadline_passed(facts& now);

} // namespace ferrule::ending
