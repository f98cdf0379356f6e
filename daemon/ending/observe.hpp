// What happened → facts. The only place where facts are written, together with `performed` in
// next_step.hpp (tests/tidy forbids it elsewhere). Each verb records one kind of event, and is
// defined in every state that a session can be in; none of them performs anything.
//
// The first cause wins and is never overwritten; the next one is kept as `second` (E5). Sources and
// sinks only move forward: from open to an end, from cut to what the peer itself then did.
#pragma once

#include "ending/facts.hpp"

namespace ferrule::ending {

// --- the beginning -------------------------------------------------------------------------------

/// TLS is agreed on.
void handshake_done(facts& now);

/// How far the client is when its handshake has failed.
enum class told : std::uint8_t {
    nothing, ///< it can be told by RST only
    alert,   ///< a fatal alert of ours is on its way
    gone,    ///< it has left
};

/// The handshake did not succeed. `why` is `handshake_failed` or `probe`.
void handshake_ended(facts& now, cause why, told client);

/// A server has taken the connection.
void connected(facts& now);

/// No server will take the connection. `why` is `no_backend`, or a want of our own (`limit`).
void backend_missing(facts& now, cause why);

/// The client reset its connection before there was a backend.
void client_left_early(facts& now);

// --- bytes ---------------------------------------------------------------------------------------

/// Bytes, or our goodbye, were given to `who`: its kernel has all of them.
void handed_over(facts& now, side who);

/// Bytes, or our goodbye, were given to `who`: some wait with us.
void kept(facts& now, side who);

/// What waited for `who` is in its kernel now.
void flushed(facts& now, side who);

/// The kernel of `who` has acknowledged everything.
void acknowledged(facts& now, side who);

/// Bytes for `who` had to be dropped, since it is gone.
void bytes_dropped(facts& now, side who);

// --- ends ----------------------------------------------------------------------------------------

/// `who` has ended as a sender, and everything that it sent before has been read. `how` is `clean`,
/// `truncated` or `reset`; `torn`: inside a record, of which the rest will not come.
void source_ended(facts& now, const rules& manners, side who, source how, bool torn = false);

/// TLS towards the client is over: its fatal alert or ours, a record that does not verify, a
/// message in which nothing can be said. `alerted`: a fatal alert has told the other end. It may
/// come in any state, also behind the client's own clean end.
void tls_failed(facts& now, bool alerted);

/// `who` takes no bytes any more: a write failed, or its kernel gave up. How it ended as a sender
/// is not known yet: its last bytes may still wait to be read. `had_waiting`: bytes for it are
/// lost.
void sink_lost(facts& now, side who, bool had_waiting);

/// The proxy itself ends the session (idle, lifetime, drain, kill, …), told as `on_proxy_end` says.
/// `quiet`: nothing is under way and nobody is owed an answer, so that the backend may be asked to
/// end (E8).
void proxy_ended(facts& now, const rules& manners, cause why, bool quiet);

/// Nothing is waited for any more: both sides are reset. `why` is `limit` (out of memory),
/// `internal` (a fault of ours, E9), or what the process ends for.
void given_up(facts& now, cause why);

// --- time ----------------------------------------------------------------------------------------

/// The bound in force has passed without progress. `quiet` as in `proxy_ended`.
void patience_ended(facts& now, const rules& manners, patience which, bool quiet);

/// The client has sent more than `linger_bytes` behind our goodbye.
void linger_bytes_used_up(facts& now);

/// `deadline` has passed.
void deadline_passed(facts& now);

} // namespace ferrule::ending
