#include "session/handshake.hpp"

#include "ending/observe.hpp"
#include "session/observe.hpp"
#include "session/state.hpp"

#include <string_view>

namespace ferrule::session {

using ending::cause;
using ending::side;
using ending::source;

namespace {

void over(state& now, cause why, std::string_view detail, ending::told client)
{
    if (client == ending::told::gone)
        now.journal.handshake_aborted();
    if (why != cause::probe)
        now.journal.detail_once(detail);
    ending::handshake_ended(now.facts, why, client);
}

/// The client has ended before the handshake was done.
void client_has_left(state& now, source how, std::string_view no_tls)
{
    const bool reset = how == source::reset;
    now.journal.note(record::happening::client_ended, 0, static_cast<std::uint8_t>(how));
    if (reset)
        now.journal.ended(side::client, source::reset);
    // R60, R61: health checks and port scans. R64, R65, R142, R143: a client that wanted a session.
    const bool has_spoken = now.client().transport().tls()->has_received_anything();
    over(now, has_spoken ? cause::handshake_failed : cause::probe,
         !no_tls.empty() ? no_tls
         : reset         ? "the client reset the connection during the handshake"
                         : "the client closed the connection during the handshake",
         ending::told::gone);
}

void done(state& now)
{
    ending::handshake_done(now.facts); // R71: and only now a server is looked for
    now.journal.handshake_done(now.facts, now.client());
    now.bounds.begin(ending::patience::connect, now.now() + now.settings->timeouts.connect);
    now.arm();
}

} // namespace

void shake_hands(state& now)
{
    peer& client = now.client();
    while (client.socket().is_readable() && !ending::has_ended(now.facts)) {
        const tls_transport::handshake_state step = client.handshake();
        now.journal.note_alerts(client);
        observe_progress(now);
        if (client.unsent() > 0)
            ending::kept(now.facts, side::client);
        const std::string_view no_tls = no_tls_but(client.transport().tls()->first_bytes());
        // R62, R63, R69, R70: TLS itself says no, by its own alert or the client's.
        if (step.progress == tls::handshake_progress::failed) {
            over(now, cause::handshake_failed,
                 no_tls.empty() ? client.transport().tls()->channel().detail() : no_tls,
                 step.alert_sent ? ending::told::alert : ending::told::nothing);
            return;
        }
        if (step.end.has_value()) {
            client_has_left(now, *step.end, no_tls);
            return;
        }
        if (step.progress == tls::handshake_progress::done) {
            done(now);
            return;
        }
    }
    if (const auto trouble = client.trouble(); trouble.has_value())
        over(now, cause::handshake_failed,
             *trouble == handed::no_memory ? "out of memory" : "the client takes no bytes",
             ending::told::gone);
}

} // namespace ferrule::session
