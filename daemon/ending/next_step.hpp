// Facts → the next step. A total function without memory: a test can begin in any state, and a log
// line that prints the facts explains the decision.
//
// The invariants, each checked by tests/ending/next_step_exhaustive_test.cpp in every reachable
// state (docs/endings.md, "Rules"):
//   E1  `finish` is said only to a sink whose source ended clean, with nothing left to deliver.
//   E2  no step discards bytes that a living sink still takes: an abort waits for the
//   acknowledgement.
//   E4  every `wait` has a bound, and once neither source has more to give, `deadline` is armed.
//   E5  the first cause is never overwritten; sources and sinks only move forward.
#pragma once

#include "ending/facts.hpp"

#include <cstdint>

namespace ferrule::ending {

enum class step : std::uint8_t {
    wait,            ///< nothing to say until something happens
    finish_client,   ///< close_notify, then FIN
    finish_backend,  ///< FIN
    truncate_client, ///< FIN without close_notify
    abort_client,    ///< RST, and release the socket
    abort_backend,   ///< RST, and release the socket
    release_client,  ///< close the socket; everything was said
    release_backend, ///< close the socket; everything was said
    done,            ///< both sockets are released
};

std::string_view to_text(step value);

struct decision {
    step next = step::wait;
    patience bound = patience::idle;  ///< with `wait`: the bound in force
    bool for_acknowledgement = false; ///< with `wait`: the peer's kernel has to acknowledge first;
                                      ///< nothing announces that, so it has to be asked again

    friend bool operator==(const decision&, const decision&) = default;
};

/// What to do now.
decision next_step(const facts& now, const rules& manners);

/// Records that a step was performed.
void performed(facts& now, const rules& manners, step done);

} // namespace ferrule::ending
