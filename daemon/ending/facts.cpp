#include "ending/facts.hpp"

namespace ferrule::ending {

namespace {

/// What came between our cut of the client and its own end was thrown away: no FIN may follow that,
/// whatever the operator forgives (E1). Nor may it where the client ended inside a record: a
/// goodbye may be left out, but nobody means to send half a record (R191, R192).
bool is_forgivable(const facts& now, source how, side source_side)
{
    return source_side == side::client && now.to_backend.from == how && !now.torn &&
           (!now.to_backend.answered || now.polite);
}

/// `on_client_truncation: fin`: the protocol frames itself, so a bare FIN is taken for an end
/// (R95).
bool is_forgiven_truncation(const facts& now, const rules& manners, side source_side)
{
    return is_forgivable(now, source::truncated, source_side) &&
           manners.on_client_truncation == client_policy::fin;
}

/// `on_client_reset: fin` takes a reset for one as well (R96).
bool is_forgiven_reset(const facts& now, const rules& manners, side source_side)
{
    return is_forgivable(now, source::reset, source_side) &&
           manners.on_client_reset == client_policy::fin;
}

} // namespace

bool wants_reading(const facts& now, side who)
{
    const flow& flow = flow_from(now, who);
    // R51: what a client says before there is a backend is left to the kernel.
    if (now.contact != contact::connected || flow.from != source::open ||
        peer_of(now, who).released)
        return false;
    // A sink that is gone takes nothing (E6), so its source is left alone until the sink's own side
    // has been read out: only then is it known how that side ended (docs/endings.md, "A failed
    // write"). Where both sides are gone, both are read out.
    return flow.to != sink::gone || flow_to(now, who).from != source::open ||
           flow_to(now, who).to == sink::gone;
}

bool may_finish(const facts& now, const rules& manners, side who)
{
    // R47: no close_notify follows a fatal alert, whoever sent it, also where the backend has ended
    // clean (RFC 8446 6.2).
    if (who == side::client && now.tls_failed)
        return false;
    if (who == side::backend && now.asked)
        return true; // R110, R121: it is asked, and nothing is under way (E8)
    switch (flow_to(now, who).from) {
    // R1, R2: the sender's own end (E1). R88, R91, R112: a guess that the operator has chosen.
    case source::clean: return true;
    case source::cut: return now.polite;
    case source::truncated: return is_forgiven_truncation(now, manners, other(who));
    case source::reset: return is_forgiven_reset(now, manners, other(who));
    case source::open:
    // R40 to R42: what TLS calls broken has no end. R50: nor has what nobody has said.
    case source::failed:
    case source::absent: return false;
    }
    return false;
}

bool may_ask(const facts& now)
{
    const auto runs = [](const flow& each) {
        return each.from == source::open && each.to == sink::open;
    };
    // Whose client has ended was asked by that already (R90).
    return now.contact == contact::connected && !now.asked && runs(now.to_backend) &&
           runs(now.to_client);
}

bool must_abort(const facts& now, const rules& manners, side who)
{
    // R20, R30, R33, R36: an end of which nobody knows that it is whole is told as none (E1).
    return flow_to(now, who).from != source::open && !may_finish(now, manners, who);
}

act act_of(const facts& now, side who)
{
    if (who == side::backend && now.contact != contact::connected)
        return act::none;
    switch (flow_to(now, who).to) {
    case sink::gone: return act::gone; // R33, R44: there was nobody to tell
    case sink::aborted: return act::reset;
    case sink::open: return act::none;
    case sink::finished:
    case sink::truncated: break;
    }
    // R36: both ends were seen, clean or not. R80, R97: ours was never answered.
    const flow& from_peer = flow_from(now, who);
    const bool peer_has_ended =
        from_peer.answered || (from_peer.from != source::cut && from_peer.from != source::open);
    return peer_has_ended ? act::exchanged : act::sent;
}

first_end first_end_of(const facts& now)
{
    switch (now.first) {
    case cause::client_eof:
    case cause::client_truncated:
    case cause::client_reset:
    case cause::tls_error:
    case cause::handshake_failed:
    case cause::probe: return first_end::client;
    case cause::backend_eof:
    case cause::backend_truncated:
    case cause::backend_reset:
    case cause::no_backend: return first_end::backend;
    default: return first_end::proxy;
    }
}

} // namespace ferrule::ending
