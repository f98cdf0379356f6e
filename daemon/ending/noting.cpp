#include "ending/noting.hpp"

namespace ferrule::ending {

void note(facts& now, cause why)
{
    // E5; R25, R35, R80: what comes of the first cause, or just after it, does not replace it.
    if (now.first == cause::none)
        now.first = why;
    else if (now.second == cause::none)
        now.second = why;
}

cause cause_of(side who, source how)
{
    const bool client = who == side::client;
    switch (how) {
    case source::clean: return client ? cause::client_eof : cause::backend_eof;
    case source::truncated: return client ? cause::client_truncated : cause::backend_truncated;
    case source::reset: return client ? cause::client_reset : cause::backend_reset;
    case source::failed: return cause::tls_error;
    case source::open:
    case source::cut:
    case source::absent: break;
    }
    return cause::internal;
}

void cut(flow& flow)
{
    if (flow.from == source::open)
        flow.from = source::cut;
}

void settle_known_resets(facts& now)
{
    for (const side who : {side::client, side::backend}) {
        flow& own = flow_from(now, who);
        if (flow_to(now, who).to != sink::gone || own.from != source::open)
            continue;
        // R112a: `notify` is for ends of ours, and this one came before.
        note(now, cause_of(who, source::reset));
        own.from = source::reset;
        own.answered = true;
    }
}

} // namespace ferrule::ending
